#include "model/entropy/entropy_parameters.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"

namespace aecomp {
namespace {

/// Rows lo and lo + 1 of a table [Q, C], mixed linearly.
std::vector<float> Mix(const Parameter& table, size_t lo, float t) {
  const size_t channels = static_cast<size_t>(table.dims[1]);
  const float *a = table.value.data() + lo * channels, *b = a + channels;
  std::vector<float> mixed(channels);
  for (size_t c = 0; c < channels; ++c) mixed[c] = a[c] * (1 - t) + b[c] * t;
  return mixed;
}

std::vector<float> Exp(std::vector<float> values) {
  for (float& v : values) v = ExactExp(v);
  return values;
}

/// Between rows `lo` and lo + 1 of the tables lies a quality.
struct Position {
  size_t lo;
  float t;
};
Position PositionOf(const Architecture& architecture, double quality) {
  const size_t rows = architecture.lambdas.size();
  const double position = std::clamp(quality / 16, 0.0, static_cast<double>(rows - 1));
  const size_t lo = std::min(static_cast<size_t>(position), rows - 2);
  return {lo, static_cast<float>(position - static_cast<double>(lo))};
}

}  // namespace

QualityScales ScalesAt(const Architecture& architecture, const Parameters& parameters, double quality) {
  const size_t rows = architecture.lambdas.size();
  const auto [lo, t] = PositionOf(architecture, quality);
  const std::vector<float> log_gain = Mix(*parameters.Find("log_gain"), lo, t);
  const size_t channels = log_gain.size();
  const float* middle = parameters.Find("log_gain")->value.data() + rows / 2 * channels;
  QualityScales s;
  s.gain = Exp(log_gain);
  s.step = Exp(Mix(*parameters.Find("log_step"), lo, t));
  s.log_sigma = parameters.Find("log_sigma")->value;
  s.fixed_scale.resize(channels);
  for (size_t c = 0; c < channels; ++c) {
    s.fixed_scale[c] = ExactExp(middle[c] - log_gain[c]);
    s.log_sigma[c] += log_gain[c];
  }
  s.z_gain = Exp(Mix(*parameters.Find("log_z_gain"), lo, t));
  s.z_scale = Exp(Mix(*parameters.Find("z_log_scale"), lo, t));
  for (float& v : s.z_scale) v = std::max(v, kZScaleMin);
  s.z_mean = parameters.Find("z_mean")->value;
  return s;
}

FactorizedScales FactorizedScalesAt(const Architecture& architecture, const Parameters& parameters, double quality) {
  const auto [lo, t] = PositionOf(architecture, quality);
  FactorizedScales s;
  s.gain = Exp(Mix(*parameters.Find("log_gain"), lo, t));
  s.step = Exp(Mix(*parameters.Find("log_step"), lo, t));
  s.scale = Exp(Mix(*parameters.Find("y_log_scale"), lo, t));
  for (float& v : s.scale) v = std::max(v, kZScaleMin);
  s.mean = parameters.Find("y_mean")->value;
  return s;
}

}  // namespace aecomp
