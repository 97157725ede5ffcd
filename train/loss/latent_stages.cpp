#include "train/loss/latent_stages.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/entropy/checkerboard.h"

namespace aecomp {
namespace {

constexpr float kLogSigmaMin = -12, kLogSigmaMax = 6;  // of the sigma head's output in the fixed scale

FloatBuffer For(const Shape& shape) { return FloatBuffer(static_cast<size_t>(shape.size())); }

/// Calls f(index of the element, channel, crop) for every element of a batch, crops in parallel.
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

/// The same, with whether the element belongs to the first half of y.
template <class F>
void ForEachHalf(const Shape& shape, F f) {
#pragma omp parallel for schedule(dynamic, 1)
  for (int n = 0; n < shape.n; ++n) {
    const size_t channels = static_cast<size_t>(shape.c), crop = static_cast<size_t>(n);
    size_t e = crop * static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) * channels;
    for (int i = 0; i < shape.h; ++i) {
      for (int j = 0; j < shape.w; ++j) {
        const uint32_t first = FirstHalfParity(i, j);
        for (size_t c = 0; c < channels; ++c, ++e) f(e, c, crop, (c & 1) == first);
      }
    }
  }
}

}  // namespace

Latents ScaleLatents(const Shape& shape, const float* a, const BatchScales& scales) {
  Latents latents{For(shape), For(shape), For(shape)};
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    latents.y[i] = a[i] * scales.crops[crop].gain[c];
    latents.scaled[i] = a[i] * scales.middle_gain[c];
    latents.companded[i] = Compand(latents.scaled[i]);
  });
  return latents;
}

FloatBuffer ScaleLatentsBackward(const Shape& shape, const Latents& latents, const LatentGradients& d,
                                 const FloatBuffer& d_companded, const BatchScales& scales,
                                 BatchScaleGradients& d_scales) {
  FloatBuffer d_a = For(shape);
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    const float d_scaled = d_companded[i] / (1 + std::fabs(latents.scaled[i]));
    d_scales[crop].middle_gain[c] += double{d_scaled} * latents.scaled[i];
    d_scales[crop].gain[c] += double{d.y[i]} * latents.y[i];
    d_a[i] = d.y[i] * scales.crops[crop].gain[c] + d_scaled * scales.middle_gain[c];
  });
  return d_a;
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
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    gaussians.mean[i] = prediction.mean[i] * scales.crops[crop].gain[c];
    const float fixed = std::clamp(prediction.log_sigma[i] + log_sigma[c], kLogSigmaMin, kLogSigmaMax);
    gaussians.log_sigma[i] = fixed + scales.crops[crop].log_gain[c];
  });
  return gaussians;
}

FloatBuffer MeanBackward(const Shape& shape, const Gaussians& gaussians, const LatentGradients& d,
                         const BatchScales& scales, BatchScaleGradients& d_scales) {
  FloatBuffer d_head = For(shape);
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {  // mean = gain * (head + correction)
    d_head[i] = d.mean[i] * scales.crops[crop].gain[c];
    d_scales[crop].gain[c] += double{d.mean[i]} * gaussians.mean[i];
  });
  return d_head;
}

FloatBuffer LogSigmaBackward(const Shape& shape, const PriorNetworks::Prediction& prediction, const LatentGradients& d,
                             const std::vector<float>& log_sigma, BatchScaleGradients& d_scales) {
  FloatBuffer d_head = For(shape);
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    const float fixed = prediction.log_sigma[i] + log_sigma[c];
    d_head[i] = fixed > kLogSigmaMin && fixed < kLogSigmaMax ? d.log_sigma[i] : 0.f;
    d_scales[crop].sigma[c] += d_head[i];
    d_scales[crop].gain[c] += d.log_sigma[i];
  });
  return d_head;
}

FloatBuffer RoundLatents(const Shape& shape, const FloatBuffer& y, const Gaussians& gaussians,
                         const LatentRounding& rounding, const BatchScales& scales, Half half) {
  FloatBuffer offset = For(shape);
  ForEachHalf(shape, [&](size_t i, size_t c, size_t crop, bool first) {
    offset[i] = first || half == Half::kBoth ? rounding.Offset(y[i] - gaussians.mean[i], gaussians.log_sigma[i],
                                                               scales.crops[crop].inverse_weight[c])
                                             : 0.f;
  });
  return offset;
}

SeenHalf SeeFirstHalf(const Shape& shape, const FloatBuffer& y, const FloatBuffer& offset, const BatchScales& scales) {
  SeenHalf half{For(shape), For(shape)};
  ForEachHalf(shape, [&](size_t i, size_t c, size_t crop, bool first) {
    half.seen[i] = first ? (y[i] + offset[i]) * (scales.middle_gain[c] / scales.crops[crop].gain[c]) : 0.f;
    half.companded[i] = first ? Compand(half.seen[i]) : 0.f;
  });
  return half;
}

void SeeFirstHalfBackward(const Shape& shape, const SeenHalf& half, const FloatBuffer& slope,
                          const FloatBuffer& d_companded, const BatchScales& scales, LatentGradients& d,
                          BatchScaleGradients& d_scales) {
  ForEachHalf(shape, [&](size_t i, size_t c, size_t crop, bool first) {
    if (!first) return;
    const float ratio = scales.middle_gain[c] / scales.crops[crop].gain[c];
    const float d_seen = d_companded[i] / (1 + std::fabs(half.seen[i]));
    d.y[i] += slope[i] * d_seen * ratio, d.mean[i] += (1 - slope[i]) * d_seen * ratio;
    d_scales[crop].middle_gain[c] += double{d_seen} * half.seen[i];
    d_scales[crop].gain[c] -= double{d_seen} * half.seen[i];
  });
}

void CorrectSecondHalf(const Shape& shape, const float* correction, const BatchScales& scales, FloatBuffer& mean) {
  ForEachHalf(shape, [&](size_t i, size_t c, size_t crop, bool first) {
    if (!first) mean[i] += scales.crops[crop].gain[c] * correction[i];
  });
}

FloatBuffer CorrectSecondHalfBackward(const Shape& shape, const LatentGradients& d, const BatchScales& scales) {
  FloatBuffer d_correction = For(shape);
  ForEachHalf(shape, [&](size_t i, size_t c, size_t crop, bool first) {
    d_correction[i] = first ? 0.f : d.mean[i] * scales.crops[crop].gain[c];
  });
  return d_correction;
}

FloatBuffer DecodeLatents(const Shape& shape, const FloatBuffer& y, const FloatBuffer& offset,
                          const BatchScales& scales) {
  FloatBuffer decoder_input = For(shape);
  ForEach(shape,
          [&](size_t i, size_t c, size_t crop) { decoder_input[i] = (y[i] + offset[i]) * scales.crops[crop].step[c]; });
  return decoder_input;
}

LatentGradients DecodeLatentsBackward(const Shape& shape, const FloatBuffer& decoder_input,
                                      const FloatBuffer& d_decoder_input, const Rates& rates,
                                      const std::vector<float>& d_bits, const BatchScales& scales,
                                      BatchScaleGradients& d_scales) {
  LatentGradients d{For(shape), For(shape), For(shape)};
  ForEach(shape, [&](size_t i, size_t c, size_t crop) {
    const float d_decoded = d_decoder_input[i] * scales.crops[crop].step[c], slope = rates.slope[i];
    const float d_residual = d_bits[crop] * rates.d_residual[i];
    d.y[i] = slope * d_decoded + d_residual;
    d.mean[i] = (1 - slope) * d_decoded - d_residual;
    d.log_sigma[i] = rates.d_log_sigma[i] * d_bits[crop];
    d_scales[crop].step[c] += double{d_decoder_input[i]} * decoder_input[i];
  });
  return d;
}

}  // namespace aecomp
