#include "model/entropy/entropy_parameters.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"
#include "model/entropy/quality_rows.h"

namespace aecomp {
namespace {

std::vector<float> Exp(std::vector<float> values) {
  for (float& v : values) v = ExactExp(v);
  return values;
}

}  // namespace

QualityScales ScalesAt(const Architecture& architecture, const Parameters& parameters, double quality) {
  const size_t rows = architecture.lambdas.size();
  const QualityPosition at = PositionOf(quality, rows);
  const std::vector<float> log_gain = MixRows(*parameters.Find("log_gain"), at);
  const size_t channels = log_gain.size();
  const float* middle = parameters.Find("log_gain")->value.data() + rows / 2 * channels;
  QualityScales s;
  s.gain = Exp(log_gain);
  s.step = Exp(MixRows(*parameters.Find("log_step"), at));
  s.log_sigma = parameters.Find("log_sigma")->value;
  s.fixed_scale.resize(channels);
  for (size_t c = 0; c < channels; ++c) {
    s.fixed_scale[c] = ExactExp(middle[c] - log_gain[c]);
    s.log_sigma[c] += log_gain[c];
  }
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
