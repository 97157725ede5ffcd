#include "model/entropy/entropy_parameters.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include "model/base/exact_math.h"
#include "model/base/multiversion.h"
#include "model/entropy/quality_rows.h"

namespace aecomp {
namespace {

constexpr size_t kBlock = 16;

/// ExactExp of kBlock numbers, operation by operation, as vector code. They must be within +-87.
AECOMP_MULTIVERSION
void ExpOfBlock(float* values) {
  double n[kBlock], r[kBlock], sum[kBlock];
  for (size_t i = 0; i < kBlock; ++i) {
    n[i] = std::floor(values[i] * 1.4426950408889634 + 0.5);
    r[i] = values[i] - n[i] * 0.6931471805599453;
    sum[i] = 1;
  }
  for (int k = 13; k > 0; --k) {
    for (size_t i = 0; i < kBlock; ++i) sum[i] = 1 + r[i] / k * sum[i];
  }
  for (size_t i = 0; i < kBlock; ++i) {
    values[i] = static_cast<float>(sum[i] * std::bit_cast<double>(static_cast<uint64_t>(1023 + n[i]) << 52));
  }
}

/// ExactExp of all. A map of qualities needs it for 41 qualities.
std::vector<float> Exp(std::vector<float> values) {
  size_t i = 0;
  for (; i + kBlock <= values.size(); i += kBlock) {
    float* const block = values.data() + i;
    if (std::all_of(block, block + kBlock, [](float v) { return std::fabs(v) < 87; })) {
      ExpOfBlock(block);
    } else {
      for (size_t k = 0; k < kBlock; ++k) block[k] = ExactExp(block[k]);
    }
  }
  for (; i < values.size(); ++i) values[i] = ExactExp(values[i]);
  return values;
}

}  // namespace

QualityScales ScalesAt(const Architecture& architecture, const Parameters& parameters, double quality) {
  const QualityPosition at = PositionOf(quality, architecture.lambdas.size());
  const std::vector<float> log_gain = MixRows(*parameters.Find("log_gain"), at);
  const size_t channels = log_gain.size();
  const float* middle = parameters.Find("log_gain")->value.data() + architecture.middle_row() * channels;
  QualityScales s;
  s.gain = Exp(log_gain);
  s.step = Exp(MixRows(*parameters.Find("log_step"), at));
  s.log_sigma = parameters.Find("log_sigma")->value;
  s.fixed_scale.resize(channels);
  for (size_t c = 0; c < channels; ++c) {
    s.fixed_scale[c] = middle[c] - log_gain[c];
    s.log_sigma[c] += log_gain[c];
  }
  s.fixed_scale = Exp(std::move(s.fixed_scale));
  s.z_gain = Exp(MixRows(*parameters.Find("log_z_gain"), at));
  s.z_scale = Exp(MixRows(*parameters.Find("z_log_scale"), at));
  for (float& v : s.z_scale) v = std::max(v, kZScaleMin);
  s.z_mean = parameters.Find("z_mean")->value;
  return s;
}

FactorizedScales FactorizedScalesAt(const Architecture& architecture, const Parameters& parameters, double quality) {
  const QualityPosition at = PositionOf(quality, architecture.lambdas.size());
  FactorizedScales s;
  s.gain = Exp(MixRows(*parameters.Find("log_gain"), at));
  s.step = Exp(MixRows(*parameters.Find("log_step"), at));
  s.scale = Exp(MixRows(*parameters.Find("y_log_scale"), at));
  for (float& v : s.scale) v = std::max(v, kZScaleMin);
  s.mean = parameters.Find("y_mean")->value;
  return s;
}

}  // namespace aecomp
