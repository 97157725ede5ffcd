#include "train/loss/prior_tables.h"

#include <cmath>

#include "model/entropy/rd_quantiser.h"

namespace aecomp {

std::vector<float> ExpRows(const Parameter& table, const QualityPosition& position) {
  std::vector<float> values = MixRows(table, position);
  for (float& v : values) v = std::exp(v);
  return values;
}

void AddToTable(Parameter& table, const QualityPosition& position, const std::vector<double>& gradient) {
  const size_t channels = static_cast<size_t>(table.dims[1]);
  float *low = table.grad.data() + position.row * channels, *high = low + channels;
  for (size_t c = 0; c < channels; ++c) {
    low[c] += static_cast<float>(gradient[c] * (1 - position.t));
    high[c] += static_cast<float>(gradient[c] * position.t);
  }
}

void AddToParameter(Parameter& parameter, size_t first, const std::vector<double>& gradient) {
  for (size_t c = 0; c < gradient.size(); ++c) parameter.grad[first + c] += static_cast<float>(gradient[c]);
}

HyperpriorTables::HyperpriorTables(const Architecture& architecture, Parameters& parameters)
    : architecture_(architecture),
      log_gain_(*parameters.Find("log_gain")),
      log_step_(*parameters.Find("log_step")),
      log_sigma_(*parameters.Find("log_sigma")),
      log_z_gain_(*parameters.Find("log_z_gain")),
      z_log_scale_(*parameters.Find("z_log_scale")),
      z_mean_(*parameters.Find("z_mean")) {}

std::vector<CropScales> HyperpriorTables::At(const float* quality, int count) const {
  std::vector<CropScales> crops(static_cast<size_t>(count));
  for (CropScales& crop : crops) {
    crop.position = PositionOf(*quality, architecture_.lambdas.size());
    crop.gain = ExpRows(log_gain_, crop.position);
    for (const float gain : crop.gain) crop.log_gain.push_back(std::log(gain));
    crop.step = ExpRows(log_step_, crop.position);
    crop.inverse_weight = InverseWeights(architecture_, *quality, /*thrift=*/1, crop.step);
    crop.z_gain = ExpRows(log_z_gain_, crop.position);
    crop.z_log_scale = MixRows(z_log_scale_, crop.position);
    ++quality;
  }
  return crops;
}

std::vector<float> HyperpriorTables::MiddleGain() const {
  const size_t rows = architecture_.lambdas.size();
  return ExpRows(log_gain_, PositionOf(static_cast<double>(16 * (rows / 2)), rows));
}

void HyperpriorTables::AddGradients(const std::vector<CropScales>& scales,
                                    const std::vector<CropScaleGradients>& gradients) {
  const size_t middle = architecture_.lambdas.size() / 2 * log_sigma_.value.size();
  for (size_t n = 0; n < scales.size(); ++n) {
    const QualityPosition& position = scales[n].position;
    const CropScaleGradients& d = gradients[n];
    AddToTable(log_gain_, position, d.gain);
    AddToTable(log_step_, position, d.step);
    AddToTable(log_z_gain_, position, d.z_gain);
    AddToTable(z_log_scale_, position, d.z_scale);
    AddToParameter(log_sigma_, 0, d.sigma);
    AddToParameter(log_gain_, middle, d.middle_gain);
    AddToParameter(z_mean_, 0, d.z_mean);
  }
}

void AddEntropyParameters(const Architecture& architecture, Parameters& parameters) {
  const int64_t q = std::ssize(architecture.lambdas), m = architecture.latent_channels, n = architecture.hyper_channels;
  parameters.FindOrAdd("log_gain", {q, m});
  parameters.FindOrAdd("log_step", {q, m});
  if (architecture.prior == PriorType::kFactorized) {
    parameters.FindOrAdd("y_log_scale", {q, m});
    parameters.FindOrAdd("y_mean", {m});
    return;
  }
  parameters.FindOrAdd("log_sigma", {m});
  parameters.FindOrAdd("log_z_gain", {q, n});
  parameters.FindOrAdd("z_log_scale", {q, n});
  parameters.FindOrAdd("z_mean", {n});
}

}  // namespace aecomp
