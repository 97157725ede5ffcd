#include "train/export/export.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "model/entropy/entropy_parameters.h"
#include "model/network/graph.h"
#include "train/export/calibration.h"
#include "train/export/fit_coarse.h"
#include "train/export/fit_tables.h"
#include "train/export/fit_z_context.h"
#include "train/export/round_transforms.h"
#include "train/loss/tiled_network.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

constexpr int kCalibrationPatches = 24;

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
    CalibrationPatch(dataset, i, patch, {x.data(), static_cast<size_t>(x.size())});
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
  const int64_t size = image.size() / batch;  // of a patch
  int sample = 0;
  for (int64_t pixels = 0, elements = 0; pixels < kPixels && elements < kElements;) {
    for (int n = 0; n < batch; ++n) {
      CalibrationPatch(dataset, sample++, patch, {x.data() + n * size, static_cast<size_t>(size)});
    }
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

Result<std::vector<uint8_t>> ExportModel(const Architecture& architecture, const Parameters& parameters,
                                         const Dataset& dataset, const std::string& provenance) {
  Parameters rounded = RoundToHalf(parameters);
  if (architecture.prior == PriorType::kFactorized) return ExportFactorized(architecture, rounded, dataset, provenance);
  Model m;
  m.architecture = architecture, m.parameters = std::move(rounded);
  AECOMP_ASSIGN_OR_RETURN(const TransformInputs transforms,
                          DrawTransformInputs(m.architecture, m.parameters, dataset, kCalibrationPatches));
  AECOMP_ASSIGN_OR_RETURN(const PriorInputs inputs, FindPriorInputs(m.architecture, m.parameters, transforms));
  std::optional<TransformRanges> ranges;
  if (architecture.tile == 0) {
    ranges =
        FindTransformRanges(m.architecture, m.parameters, transforms.pictures, transforms.latents, inputs.companded);
  }
  if (ranges) {
    AECOMP_ASSIGN_OR_RETURN(ranges->encoder, RoundEncoder(m.architecture, dataset, m.parameters));
    m.parameters = RoundToHalf(m.parameters);
  }
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
  if (ranges) {
    AECOMP_ASSIGN_OR_RETURN(ranges->decoder, RoundDecoder(dataset, m));
    m.parameters = RoundToHalf(m.parameters);
  }
  return SerializeModel(m.architecture, m.parameters, m.prior, m.means, provenance, ranges);
}

}  // namespace aecomp
