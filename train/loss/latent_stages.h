// The steps between the networks of a hyperprior, element by element: each forward function stands beside the one that
// goes backward through it.
//
// Notation: a is the output of the analysis, y = a * gain, r = y - mean, k the symbol that codes r, y^ = k + mean. y is
// in units of the quantisation step of its quality. Arrays are channels-last; [y] and [z] are the shapes of a batch.
// The gain of the middle quality gives the fixed scale in which the entropy networks see y.
#pragma once

#include <cstdint>
#include <vector>

#include "model/base/tensor.h"
#include "model/entropy/quality_map.h"
#include "train/loss/prior_networks.h"
#include "train/loss/prior_tables.h"
#include "train/loss/rate_distortion.h"
#include "train/loss/rate_term.h"

namespace aecomp {

using FloatBuffer = AlignedBuffer<float>;

/// The tables of every crop of a batch at its quality, and of the middle quality.
struct BatchScales {
  std::vector<CropScales> crops;   ///< [N]
  std::vector<float> middle_gain;  ///< [M]
};
using BatchScaleGradients = std::vector<CropScaleGradients>;  ///< [N]

/// The analysis output in two scales: first in the fixed one, and once every position has its quality in that.
struct Latents {
  FloatBuffer y;          ///< [y]
  FloatBuffer scaled;     ///< [y]: a * gain of the middle quality
  FloatBuffer companded;  ///< [y]: what the hyper-encoder reads
};
Latents CompandLatents(const Shape& shape, const float* a, const BatchScales& scales);
FloatBuffer ScaleLatents(const Shape& shape, const float* a, const BatchScales& scales);

/// Gradients of the loss at every element of y.
struct LatentGradients {
  FloatBuffer y, mean, log_sigma;  ///< [y]
};

/// Returns the gradient of a, [y]. d_companded: [y].
FloatBuffer ScaleLatentsBackward(const Shape& shape, const Latents& latents, const LatentGradients& d,
                                 const FloatBuffer& d_companded, const BatchScales& scales,
                                 BatchScaleGradients& d_scales);

/// Before rounding, without its mean: analysed * gain - mean. analysed, result: [z].
FloatBuffer ScaleHyper(const Shape& shape, const float* analysed, const BatchScales& scales,
                       const std::vector<float>& z_mean);

/// What rounding to the nearest integer adds: [z].
FloatBuffer NearestOffset(const FloatBuffer& z);

/// What the hyper-decoder reads: (z + offset + mean) / gain, [z].
FloatBuffer DecodeHyper(const Shape& shape, const FloatBuffer& z, const FloatBuffer& offset, const BatchScales& scales,
                        const std::vector<float>& z_mean);

/// From the gradient of the decoded z to that of the hyper-encoder's output, [z]. d_bits: [N], of the loss.
FloatBuffer HyperBackward(const Shape& shape, const FloatBuffer& z, const FloatBuffer& decoded, const FloatBuffer& d_z,
                          const FloatBuffer& d_decoded, const std::vector<float>& d_bits, const BatchScales& scales,
                          const std::vector<float>& z_mean, BatchScaleGradients& d_scales);

/// By how much the quality of every position differs from that of its crop, in 1/16 steps: [N, h, w] of y. As the codec
/// does it from integers, see QualityMap; nothing learns through it. log_sigma: [M], the bias of each channel;
/// map_log_gain: [M], see HyperpriorTables::MapLogGain.
std::vector<int8_t> ChooseQualities(const Shape& shape, const PriorNetworks::Prediction& prediction,
                                    const std::vector<float>& log_sigma, const std::vector<float>& map_log_gain,
                                    const QualityMap& map);

/// The distribution of every element of y.
struct Gaussians {
  FloatBuffer mean, log_sigma;  ///< [y]
};
/// Without the context: means are right for the first half of y. log_sigma: [M], the bias of each channel.
Gaussians ScalePrediction(const Shape& shape, const PriorNetworks::Prediction& prediction, const BatchScales& scales,
                          const std::vector<float>& log_sigma);

/// The gradients of the two heads' outputs, [y].
FloatBuffer MeanBackward(const Shape& shape, const Gaussians& gaussians, const LatentGradients& d,
                         const BatchScales& scales, BatchScaleGradients& d_scales);
FloatBuffer LogSigmaBackward(const Shape& shape, const PriorNetworks::Prediction& prediction, const LatentGradients& d,
                             const std::vector<float>& log_sigma, const BatchScales& scales,
                             BatchScaleGradients& d_scales);

/// What rounding adds to the residuals, [y]. Half::kFirst: 0 in the second half of y.
enum class Half { kFirst, kBoth };
FloatBuffer RoundLatents(const Shape& shape, const FloatBuffer& y, const Gaussians& gaussians,
                         const LatentRounding& rounding, const BatchScales& scales, Half half);

/// The first half of y^ as the context sees it, 0 in the second half.
struct SeenHalf {
  FloatBuffer seen;       ///< [y]: in the scale of the middle quality
  FloatBuffer companded;  ///< [y]: what the context reads
};
SeenHalf SeeFirstHalf(const Shape& shape, const FloatBuffer& y, const FloatBuffer& offset, const BatchScales& scales);

/// Adds the context's correction, [y], to the means of the second half.
void CorrectSecondHalf(const Shape& shape, const float* correction, const BatchScales& scales, FloatBuffer& mean);

/// The gradient of the correction, [y].
FloatBuffer CorrectSecondHalfBackward(const Shape& shape, const LatentGradients& d, const BatchScales& scales);

/// Adds to d what comes through the first half from d_companded, [y]. slope: [y], of the symbol by the residual.
void SeeFirstHalfBackward(const Shape& shape, const SeenHalf& half, const FloatBuffer& slope,
                          const FloatBuffer& d_companded, const BatchScales& scales, LatentGradients& d,
                          BatchScaleGradients& d_scales);

/// Bits of every crop, and their derivatives.
struct Rates {
  std::vector<CropBits> bits;                    ///< [N]
  FloatBuffer d_residual, d_log_sigma;           ///< [y]
  FloatBuffer slope;                             ///< [y]: of the symbol by the residual
  FloatBuffer d_z;                               ///< [z]
  std::vector<std::vector<double>> d_log_scale;  ///< [N][channels of z]
};

/// What the decoder reads: y^ * step, [y].
FloatBuffer DecodeLatents(const Shape& shape, const FloatBuffer& y, const FloatBuffer& offset,
                          const BatchScales& scales);

/// From the gradient of the decoder's input, and from the bits, to those of y, mean and log sigma. A symbol that moves
/// with its residual hands the gradient of y^ to y, one that stands still hands it to the mean.
LatentGradients DecodeLatentsBackward(const Shape& shape, const FloatBuffer& decoder_input,
                                      const FloatBuffer& d_decoder_input, const Rates& rates,
                                      const std::vector<float>& d_bits, const BatchScales& scales,
                                      BatchScaleGradients& d_scales);

/// What the squared error at every position counts beside the one of its crop, see PlaceScales: [N, h, w] of y.
std::vector<float> ErrorWeights(const Shape& shape, const BatchScales& scales);

}  // namespace aecomp
