#include "train/loss/latent_stages.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/entropy/checkerboard.h"
#include "train/loss/symbol_prices.h"

namespace aecomp {
namespace {

constexpr float kLogSigmaMin = -12, kLogSigmaMax = 6;  // of the sigma head's output in the fixed scale

FloatBuffer For(const Shape& shape) { return FloatBuffer(static_cast<size_t>(shape.size())); }

/// Calls f(index of the element, channel, crop) for every element of z of a batch, crops in parallel.
template <class F>
void ForEach(const Shape& shape, F f) {
#pragma omp parallel for schedule(dynamic, 1)
  for (int n = 0; n < shape.n; ++n) {
    const size_t channels = static_cast<size_t>(shape.c), crop = static_cast<size_t>(n);
    const size_t positions = static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w);
    size_t i = crop * positions * channels;
    for (size_t position = 0; position < positions; ++position) {
      for (size_t c = 0; c < channels; ++c, ++i) f(i, c, crop);
    }
  }
}

/// A position of y.
struct Place {
  size_t crop, index;         ///< index: of its quality among those of the crop
  const PlaceScales& scales;  ///< of its quality
  uint32_t first_parity;

  bool IsFirst(size_t channel) const { return (channel & 1) == first_parity; }
};

/// Calls f(index of the element, channel, place) for every element of y of a batch, crops in parallel.
template <class F>
void ForEach(const Shape& shape, const BatchScales& scales, F f) {
#pragma omp parallel for schedule(dynamic, 1)
  for (int n = 0; n < shape.n; ++n) {
    const size_t channels = static_cast<size_t>(shape.c), crop = static_cast<size_t>(n);
    const CropScales& of_crop = scales.crops[crop];
    size_t e = crop * static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * channels, position = 0;
    for (int i = 0; i < shape.h; ++i) {
      for (int j = 0; j < shape.w; ++j, ++position) {
        const size_t index = of_crop.PlaceOf(position);
        const Place place{crop, index, of_crop.places[index], FirstHalfParity(i, j)};
        for (size_t c = 0; c < channels; ++c, ++e) f(e, c, place);
      }
    }
  }
}

/// Of the sigma head's output, in the fixed scale.
float FixedLogSigma(float head, float bias) { return std::clamp(head + bias, kLogSigmaMin, kLogSigmaMax); }

}  // namespace

Latents CompandLatents(const Shape& shape, const float* a, const BatchScales& scales) {
  Latents latents{{}, For(shape), For(shape)};
  ForEach(shape, scales, [&](size_t i, size_t c, const Place&) {
    latents.scaled[i] = a[i] * scales.middle_gain[c];
    latents.companded[i] = Compand(latents.scaled[i]);
  });
  return latents;
}

FloatBuffer ScaleLatents(const Shape& shape, const float* a, const BatchScales& scales) {
  FloatBuffer y = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) { y[i] = a[i] * place.scales.gain[c]; });
  return y;
}

FloatBuffer ScaleLatentsBackward(const Shape& shape, const Latents& latents, const LatentGradients& d,
                                 const FloatBuffer& d_companded, const BatchScales& scales,
                                 BatchScaleGradients& d_scales) {
  FloatBuffer d_a = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    const float d_scaled = d_companded[i] / (1 + std::fabs(latents.scaled[i]));
    CropScaleGradients& of_crop = d_scales[place.crop];
    of_crop.middle_gain[c] += double{d_scaled} * latents.scaled[i];
    of_crop.places[place.index].gain[c] += double{d.y[i]} * latents.y[i];
    d_a[i] = d.y[i] * place.scales.gain[c] + d_scaled * scales.middle_gain[c];
  });
  return d_a;
}

std::vector<int8_t> ChooseQualities(const Shape& shape, const PriorNetworks::Prediction& prediction,
                                    const std::vector<float>& log_sigma, const std::vector<float>& map_log_gain,
                                    const QualityMap& map) {
  const size_t channels = static_cast<size_t>(shape.c), positions = static_cast<size_t>(shape.size()) / channels;
  std::vector<int8_t> steps(positions);
#pragma omp parallel for schedule(static)
  for (size_t p = 0; p < positions; ++p) {
    uint32_t activity = 0;
    for (size_t c = 0; c < channels; ++c) {
      const float fixed = FixedLogSigma(prediction.log_sigma[p * channels + c], log_sigma[c]);
      activity += static_cast<uint32_t>(SymbolPrices::Nearest(SymbolPrices::Row(fixed + map_log_gain[c])));
    }
    steps[p] = static_cast<int8_t>(QualitySteps(map, activity));
  }
  return steps;
}

FloatBuffer ScaleHyper(const Shape& shape, const float* analysed, const BatchScales& scales,
                       const std::vector<float>& z_mean) {
  FloatBuffer z = For(shape);
  ForEach(shape,
          [&](size_t i, size_t c, size_t crop) { z[i] = analysed[i] * scales.crops[crop].z_gain[c] - z_mean[c]; });
  return z;
}

FloatBuffer NearestOffset(const FloatBuffer& z) {
  FloatBuffer offset(z.size());
  for (size_t i = 0; i < z.size(); ++i) offset[i] = std::nearbyint(z[i]) - z[i];
  return offset;
}

FloatBuffer DecodeHyper(const Shape& shape, const FloatBuffer& z, const FloatBuffer& offset, const BatchScales& scales,
                        const std::vector<float>& z_mean) {
  FloatBuffer decoded = For(shape);
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    decoded[i] = (z[i] + offset[i] + z_mean[c]) / scales.crops[crop].z_gain[c];
  });
  return decoded;
}

FloatBuffer HyperBackward(const Shape& shape, const FloatBuffer& z, const FloatBuffer& decoded, const FloatBuffer& d_z,
                          const FloatBuffer& d_decoded, const std::vector<float>& d_bits, const BatchScales& scales,
                          const std::vector<float>& z_mean, BatchScaleGradients& d_scales) {
  FloatBuffer d_analysed = For(shape);
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    const float gain = scales.crops[crop].z_gain[c];
    const float through = d_decoded[i] / gain;  // by z, and by z_mean
    const float d = d_bits[crop] * d_z[i] + through;
    d_scales[crop].z_gain[c] += double{d} * (z[i] + z_mean[c]) - double{d_decoded[i]} * decoded[i];
    d_scales[crop].z_mean[c] += double{through} - d;
    d_analysed[i] = d * gain;
  });
  return d_analysed;
}

Gaussians ScalePrediction(const Shape& shape, const PriorNetworks::Prediction& prediction, const BatchScales& scales,
                          const std::vector<float>& log_sigma) {
  Gaussians gaussians{For(shape), For(shape)};
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    gaussians.mean[i] = prediction.mean[i] * place.scales.gain[c];
    gaussians.log_sigma[i] = FixedLogSigma(prediction.log_sigma[i], log_sigma[c]) + place.scales.log_gain[c];
  });
  return gaussians;
}

FloatBuffer MeanBackward(const Shape& shape, const Gaussians& gaussians, const LatentGradients& d,
                         const BatchScales& scales, BatchScaleGradients& d_scales) {
  FloatBuffer d_head = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {  // mean = gain * (head + correction)
    d_head[i] = d.mean[i] * place.scales.gain[c];
    d_scales[place.crop].places[place.index].gain[c] += double{d.mean[i]} * gaussians.mean[i];
  });
  return d_head;
}

FloatBuffer LogSigmaBackward(const Shape& shape, const PriorNetworks::Prediction& prediction, const LatentGradients& d,
                             const std::vector<float>& log_sigma, const BatchScales& scales,
                             BatchScaleGradients& d_scales) {
  FloatBuffer d_head = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    const float fixed = prediction.log_sigma[i] + log_sigma[c];
    d_head[i] = fixed > kLogSigmaMin && fixed < kLogSigmaMax ? d.log_sigma[i] : 0.f;
    d_scales[place.crop].sigma[c] += d_head[i];
    d_scales[place.crop].places[place.index].gain[c] += d.log_sigma[i];
  });
  return d_head;
}

FloatBuffer RoundLatents(const Shape& shape, const FloatBuffer& y, const Gaussians& gaussians,
                         const LatentRounding& rounding, const BatchScales& scales, Half half) {
  FloatBuffer offset = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    offset[i] = place.IsFirst(c) || half == Half::kBoth
                    ? rounding.Offset(y[i] - gaussians.mean[i], gaussians.log_sigma[i], place.scales.inverse_weight[c])
                    : 0.f;
  });
  return offset;
}

SeenHalf SeeFirstHalf(const Shape& shape, const FloatBuffer& y, const FloatBuffer& offset, const BatchScales& scales) {
  SeenHalf half{For(shape), For(shape)};
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    const bool first = place.IsFirst(c);
    half.seen[i] = first ? (y[i] + offset[i]) * (scales.middle_gain[c] / place.scales.gain[c]) : 0.f;
    half.companded[i] = first ? Compand(half.seen[i]) : 0.f;
  });
  return half;
}

void SeeFirstHalfBackward(const Shape& shape, const SeenHalf& half, const FloatBuffer& slope,
                          const FloatBuffer& d_companded, const BatchScales& scales, LatentGradients& d,
                          BatchScaleGradients& d_scales) {
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    if (!place.IsFirst(c)) return;
    const float ratio = scales.middle_gain[c] / place.scales.gain[c];
    const float d_seen = d_companded[i] / (1 + std::fabs(half.seen[i]));
    d.y[i] += slope[i] * d_seen * ratio, d.mean[i] += (1 - slope[i]) * d_seen * ratio;
    d_scales[place.crop].middle_gain[c] += double{d_seen} * half.seen[i];
    d_scales[place.crop].places[place.index].gain[c] -= double{d_seen} * half.seen[i];
  });
}

void CorrectSecondHalf(const Shape& shape, const float* correction, const BatchScales& scales, FloatBuffer& mean) {
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    if (!place.IsFirst(c)) mean[i] += place.scales.gain[c] * correction[i];
  });
}

FloatBuffer CorrectSecondHalfBackward(const Shape& shape, const LatentGradients& d, const BatchScales& scales) {
  FloatBuffer d_correction = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    d_correction[i] = place.IsFirst(c) ? 0.f : d.mean[i] * place.scales.gain[c];
  });
  return d_correction;
}

FloatBuffer DecodeLatents(const Shape& shape, const FloatBuffer& y, const FloatBuffer& offset,
                          const BatchScales& scales) {
  FloatBuffer decoder_input = For(shape);
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    decoder_input[i] = (y[i] + offset[i]) * place.scales.step[c];
  });
  return decoder_input;
}

LatentGradients DecodeLatentsBackward(const Shape& shape, const FloatBuffer& decoder_input,
                                      const FloatBuffer& d_decoder_input, const Rates& rates,
                                      const std::vector<float>& d_bits, const BatchScales& scales,
                                      BatchScaleGradients& d_scales) {
  LatentGradients d{For(shape), For(shape), For(shape)};
  ForEach(shape, scales, [&](size_t i, size_t c, const Place& place) {
    const float d_decoded = d_decoder_input[i] * place.scales.step[c], slope = rates.slope[i];
    const float d_residual = d_bits[place.crop] * rates.d_residual[i];
    d.y[i] = slope * d_decoded + d_residual;
    d.mean[i] = (1 - slope) * d_decoded - d_residual;
    d.log_sigma[i] = rates.d_log_sigma[i] * d_bits[place.crop];
    d_scales[place.crop].places[place.index].step[c] += double{d_decoder_input[i]} * decoder_input[i];
  });
  return d;
}

std::vector<float> ErrorWeights(const Shape& shape, const BatchScales& scales) {
  const size_t positions = static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w);
  std::vector<float> weights;
  for (const CropScales& crop : scales.crops) {
    for (size_t p = 0; p < positions; ++p) weights.push_back(crop.places[crop.PlaceOf(p)].error_weight);
  }
  return weights;
}

}  // namespace aecomp
