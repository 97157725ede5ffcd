#include "train/export/calibration.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/entropy/checkerboard.h"
#include "model/network/graph.h"
#include "train/loss/tiled_network.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

constexpr uint64_t kSeed = 0xCA11B8A7E;

}  // namespace

int CalibrationPatchSize(const Architecture& a) {
  const bool factorized = a.prior == PriorType::kFactorized;
  if (a.tile != 0) return factorized ? a.tile : 4 * a.tile;
  return factorized ? std::max(128, a.hyper_stride) : 4 * a.hyper_stride;  // less would be mostly borders
}

void CalibrationPatch(const Dataset& dataset, int i, int patch, std::span<float> x) {
  dataset.Sample(MixBits(kSeed, static_cast<uint64_t>(i)), patch, x.data());
  for (float& v : x) v -= 0.5f;
}

Result<TransformInputs> DrawTransformInputs(const Architecture& a, Parameters& parameters, const Dataset& dataset,
                                            int patches) {
  const int patch = CalibrationPatchSize(a);
  const Shape image{1, a.image_channels, patch, patch};
  AECOMP_ASSIGN_OR_RETURN(auto encoder,
                          TiledNetwork::Create(a.encoder, image, PixelTile(a), parameters, Graph::Mode::kInference));
  const Shape shape = encoder->output_shape();
  TransformInputs inputs;
  for (int i = 0; i < patches; ++i) {
    Tensor& x = inputs.pictures.emplace_back(image);
    CalibrationPatch(dataset, i, patch, {x.data(), static_cast<size_t>(x.size())});
    const QualityScales& s = inputs.scales.emplace_back(
        ScalesAt(a, parameters, a.max_quality() * static_cast<double>(i) / std::max(patches - 1, 1)));
    Tensor &y = inputs.y.emplace_back(shape), &latents = inputs.latents.emplace_back(shape);
    std::copy_n(encoder->Forward(x.data()), y.size(), y.data());
    for (int64_t k = 0; k < y.size(); ++k) {
      const size_t c = static_cast<size_t>(k % shape.c);
      latents.data()[k] = std::nearbyint(y.data()[k] * s.gain[c]) * s.step[c];
    }
  }
  return inputs;
}

Result<PriorInputs> FindPriorInputs(const Architecture& a, Parameters& parameters, const TransformInputs& inputs) {
  const Shape y = inputs.y.front().shape();
  AECOMP_ASSIGN_OR_RETURN(auto hyper, Graph::Create(a.hyper_encoder, y, parameters, Graph::Mode::kInference));
  AECOMP_ASSIGN_OR_RETURN(auto features,
                          Graph::Create(a.hyper_decoder, hyper->output_shape(), parameters, Graph::Mode::kInference));
  PriorInputs result;
  for (size_t i = 0; i < inputs.y.size(); ++i) {
    const QualityScales& s = inputs.scales[i];
    Tensor& companded = result.companded.emplace_back(y);
    for (int64_t k = 0; k < y.size(); ++k) {
      const size_t c = static_cast<size_t>(k % y.c);
      companded.data()[k] = Compand(inputs.y[i].data()[k] * s.gain[c] * s.fixed_scale[c]);
    }
    const float* he = hyper->Forward(companded.data());
    Tensor& z = result.z.emplace_back(hyper->output_shape());
    for (int64_t k = 0; k < z.size(); ++k) {
      const size_t c = static_cast<size_t>(k % z.shape().c);
      z.data()[k] = (std::nearbyint(he[k] * s.z_gain[c] - s.z_mean[c]) + s.z_mean[c]) / s.z_gain[c];
    }
    Tensor& seen = result.means.first_halves.emplace_back(y);
    for (int64_t k = 0; k < y.size(); ++k) {
      const int position = static_cast<int>(k / y.c);
      const bool first = (k % y.c & 1) == FirstHalfParity(position / y.w, position % y.w);
      seen.data()[k] = first ? companded.data()[k] : 0;
    }
    Tensor& feature = result.means.features.emplace_back(features->output_shape());
    std::copy_n(features->Forward(z.data()), feature.size(), feature.data());
  }
  return result;
}

}  // namespace aecomp
