#include "train/export/export.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/entropy/checkerboard.h"
#include "model/entropy/entropy_parameters.h"
#include "model/network/graph.h"
#include "train/export/fit_coarse.h"
#include "train/export/fit_tables.h"
#include "train/export/fit_z_context.h"
#include "train/loss/tiled_network.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

constexpr int kCalibrationPatches = 24;
constexpr uint64_t kCalibrationSeed = 0xCA11B8A7E;

/// A channel of y holds colour alone when gray pictures have less than this share of the energy in it that the same
/// pictures have in colour. Gray pictures are coded without such channels, which saves 3 to 5 % of their bytes. Twice
/// the share would cost 0.07 dB at the highest quality.
constexpr double kGraySilence = 0.05;

Parameters RoundToHalf(const Parameters& parameters) {
  Parameters rounded;
  for (const Parameter& p : parameters.list()) {
    Parameter& to = rounded.FindOrAdd(p.name, p.dims);
    for (size_t i = 0; i < p.value.size(); ++i) to.value[i] = HalfToFloat(FloatToHalf(p.value[i]));
  }
  return rounded;
}

/// Fills x, [1, patch, patch, C], with a patch as networks see it: samples minus 1/2.
void CalibrationPatch(const Dataset& dataset, int i, Tensor& x) {
  dataset.Sample(MixBits(kCalibrationSeed, static_cast<uint64_t>(i)), x.shape().h, x.data());
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] -= 0.5f;
}

/// IntegerPrior::gray_skipped of a colour model.
Result<std::vector<uint8_t>> GraySkipped(const Architecture& a, Parameters& parameters, const Dataset& dataset) {
  const int patch = CalibrationPatchSize(a);
  const Shape image{1, a.image_channels, patch, patch};
  AECOMP_ASSIGN_OR_RETURN(auto encoder,
                          TiledNetwork::Create(a.encoder, image, PixelTile(a), parameters, Graph::Mode::kInference));
  const Shape y = encoder->output_shape();
  std::vector<double> colour(static_cast<size_t>(y.c)), gray(colour.size());
  Tensor x(image);
  const auto add_energy = [&](std::vector<double>& energy) {
    const float* latent = encoder->Forward(x.data());
    for (int64_t k = 0; k < y.size(); ++k) energy[static_cast<size_t>(k % y.c)] += std::pow(latent[k], 2);
  };
  for (int i = 0; i < kCalibrationPatches; ++i) {
    CalibrationPatch(dataset, i, x);
    add_energy(colour);
    for (float* pixel = x.data(); pixel < x.data() + x.size(); pixel += 3) {
      pixel[0] = pixel[1] = pixel[2] = (pixel[0] + pixel[1] + pixel[2]) / 3;
    }
    add_energy(gray);
  }
  std::vector<uint8_t> skipped(gray.size());
  for (size_t c = 0; c < skipped.size(); ++c) skipped[c] = gray[c] < kGraySilence * colour[c];
  return skipped;
}

/// Inputs of the networks for random patches over all qualities.
struct Calibration {
  std::vector<Tensor> pictures;   ///< for the encoder
  std::vector<Tensor> latents;    ///< for the decoder: y^ * step, without the prior's means
  std::vector<Tensor> companded;  ///< for the hyper-encoder
  std::vector<Tensor> z;          ///< for the hyper-decoder: z^ in its float scale
  MeanInputs means;               ///< for mu head and context
};

Result<Calibration> Calibrate(const Architecture& a, Parameters& parameters, const Dataset& dataset) {
  const int patch = CalibrationPatchSize(a);
  const Shape image{1, a.image_channels, patch, patch};
  AECOMP_ASSIGN_OR_RETURN(auto encoder,
                          TiledNetwork::Create(a.encoder, image, PixelTile(a), parameters, Graph::Mode::kInference));
  const Shape y = encoder->output_shape();
  AECOMP_ASSIGN_OR_RETURN(auto hyper, Graph::Create(a.hyper_encoder, y, parameters, Graph::Mode::kInference));
  AECOMP_ASSIGN_OR_RETURN(auto features,
                          Graph::Create(a.hyper_decoder, hyper->output_shape(), parameters, Graph::Mode::kInference));
  Calibration inputs;
  for (int i = 0; i < kCalibrationPatches; ++i) {
    Tensor& x = inputs.pictures.emplace_back(image);
    CalibrationPatch(dataset, i, x);
    const QualityScales s = ScalesAt(a, parameters, a.max_quality() * i / double{kCalibrationPatches - 1});
    const float* latent = encoder->Forward(x.data());
    Tensor& restored = inputs.latents.emplace_back(y);
    Tensor& companded = inputs.companded.emplace_back(y);
    for (int64_t k = 0; k < y.size(); ++k) {
      const size_t c = static_cast<size_t>(k % y.c);
      companded.data()[k] = Compand(latent[k] * s.gain[c] * s.fixed_scale[c]);
      restored.data()[k] = std::nearbyint(latent[k] * s.gain[c]) * s.step[c];
    }
    const float* he = hyper->Forward(companded.data());
    Tensor& z = inputs.z.emplace_back(hyper->output_shape());
    for (int64_t k = 0; k < z.size(); ++k) {
      const size_t c = static_cast<size_t>(k % z.shape().c);
      z.data()[k] = (std::nearbyint(he[k] * s.z_gain[c] - s.z_mean[c]) + s.z_mean[c]) / s.z_gain[c];
    }
    Tensor& seen = inputs.means.first_halves.emplace_back(y);
    for (int64_t k = 0; k < y.size(); ++k) {
      const int position = static_cast<int>(k / y.c);
      const bool first = (k % y.c & 1) == FirstHalfParity(position / y.w, position % y.w);
      seen.data()[k] = first ? companded.data()[k] : 0;
    }
    Tensor& feature = inputs.means.features.emplace_back(features->output_shape());
    std::copy_n(features->Forward(z.data()), feature.size(), feature.data());
  }
  return inputs;
}

/// The values of each channel of y on random patches: [M][positions].
Result<std::vector<std::vector<float>>> CalibrationLatents(const Architecture& a, Parameters& parameters,
                                                           const Dataset& dataset) {
  constexpr int64_t kPixels = 800000, kElements = 1 << 21;  // ends when either is reached
  const int patch = CalibrationPatchSize(a), batch = std::clamp(65536 / (patch * patch), 1, 64);
  const Shape image{batch, a.image_channels, patch, patch};
  AECOMP_ASSIGN_OR_RETURN(auto encoder, Graph::Create(a.encoder, image, parameters, Graph::Mode::kInference));
  const Shape latent = encoder->output_shape();
  std::vector<std::vector<float>> channels(static_cast<size_t>(latent.c));
  Tensor x(image);
  uint64_t sample = 0;
  for (int64_t pixels = 0, elements = 0; pixels < kPixels && elements < kElements;) {
    for (int n = 0; n < batch; ++n) {
      dataset.Sample(MixBits(kCalibrationSeed, sample++), patch, x.data() + n * (image.size() / batch));
    }
    for (int64_t i = 0; i < x.size(); ++i) x.data()[i] -= 0.5f;
    const float* y = encoder->Forward(x.data());
    for (int64_t i = 0; i < latent.size(); ++i) {
      if (!std::isfinite(y[i])) {
        return ModelError("the encoder's output is not finite: training has diverged; start again with a smaller --lr");
      }
      channels[static_cast<size_t>(i % latent.c)].push_back(y[i]);
    }
    pixels += int64_t{batch} * patch * patch, elements += latent.size();
  }
  return channels;
}

Result<std::vector<uint8_t>> ExportFactorized(const Architecture& a, Parameters& parameters, const Dataset& dataset,
                                              const std::string& provenance) {
  AECOMP_ASSIGN_OR_RETURN(const auto channels, CalibrationLatents(a, parameters, dataset));
  const auto counts = [&](int quality) {
    constexpr float kMost = SymbolCounts::kMost;
    const FactorizedScales s = FactorizedScalesAt(a, parameters, quality);
    SymbolCounts seen(a.latent_channels);
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t c = 0; c < channels.size(); ++c) {
      for (const float v : channels[c]) {
        const float magnitude = std::fabs((v - s.mean[c]) * s.gain[c]);
        seen.Add(c, static_cast<int>(std::min(magnitude, kMost) + 0.5f));
      }
    }
    return seen;
  };
  AECOMP_ASSIGN_OR_RETURN(const FactorizedPrior prior, FactorizedPrior::Choose(a, counts));
  return SerializeModel(a, parameters, prior, provenance);
}

}  // namespace

int CalibrationPatchSize(const Architecture& a) {
  const bool factorized = a.prior == PriorType::kFactorized;
  if (a.tile != 0) return factorized ? a.tile : 4 * a.tile;
  return factorized ? std::max(128, a.hyper_stride) : 4 * a.hyper_stride;  // less would be mostly borders
}

Result<std::vector<uint8_t>> ExportModel(const Architecture& architecture, const Parameters& parameters,
                                         const Dataset& dataset, const std::string& provenance) {
  Parameters rounded = RoundToHalf(parameters);
  if (architecture.prior == PriorType::kFactorized) return ExportFactorized(architecture, rounded, dataset, provenance);
  Model m;
  m.architecture = architecture, m.parameters = std::move(rounded);
  AECOMP_ASSIGN_OR_RETURN(const Calibration inputs, Calibrate(m.architecture, m.parameters, dataset));
  std::vector<const Tensor*> pointers;
  for (const Tensor& t : inputs.z) pointers.push_back(&t);
  AECOMP_ASSIGN_OR_RETURN(m.prior, IntegerPrior::Quantize(m.architecture, m.parameters, pointers));
  if (architecture.image_channels == 3) {
    AECOMP_ASSIGN_OR_RETURN(std::vector<uint8_t> skipped, GraySkipped(m.architecture, m.parameters, dataset));
    m.prior.SetGraySkipped(std::move(skipped));
  }
  AECOMP_ASSIGN_OR_RETURN(m.means,
                          IntegerMeans::Quantize(m.architecture, m.parameters, m.prior.feature_scales(), inputs.means));
  AECOMP_RETURN_IF_ERROR(FitTables(m, dataset));
  AECOMP_RETURN_IF_ERROR(FitCoarse(m, dataset));
  AECOMP_RETURN_IF_ERROR(FitZContext(m, dataset));
  if (architecture.tile != 0) return SerializeModel(m.architecture, m.parameters, m.prior, m.means, provenance);
  const auto ranges =
      FindTransformRanges(m.architecture, m.parameters, inputs.pictures, inputs.latents, inputs.companded);
  return SerializeModel(m.architecture, m.parameters, m.prior, m.means, provenance, ranges);
}

}  // namespace aecomp
