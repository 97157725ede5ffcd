#include "train/loss/prior_tables.h"

#include <algorithm>
#include <cmath>
#include <map>

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

CropScaleGradients::CropScaleGradients(const CropScales& scales) {
  const size_t m = scales.places.front().gain.size(), n = scales.z_gain.size();
  places.assign(scales.places.size(), {std::vector<double>(m), std::vector<double>(m)});
  for (auto* v : {&middle_gain, &sigma}) v->resize(m);
  for (auto* v : {&z_gain, &z_scale, &z_mean}) v->resize(n);
}

PlaceScales HyperpriorTables::PlaceAt(double quality, double crop_quality) const {
  PlaceScales place;
  place.position = PositionOf(quality, architecture_.lambdas.size());
  place.gain = ExpRows(log_gain_, place.position);
  for (const float gain : place.gain) place.log_gain.push_back(std::log(gain));
  place.step = ExpRows(log_step_, place.position);
  place.inverse_weight = InverseWeights(architecture_, quality, /*thrift=*/1, place.step);
  place.error_weight = static_cast<float>(architecture_.LambdaAt(quality) / architecture_.LambdaAt(crop_quality));
  return place;
}

std::vector<CropScales> HyperpriorTables::At(const float* quality, int count) const {
  std::vector<CropScales> crops(static_cast<size_t>(count));
  for (CropScales& crop : crops) {
    crop.quality = double{*quality++};
    crop.places.push_back(PlaceAt(crop.quality, crop.quality));
    const QualityPosition& position = crop.places.front().position;
    crop.z_gain = ExpRows(log_z_gain_, position);
    crop.z_log_scale = MixRows(z_log_scale_, position);
  }
  return crops;
}

void HyperpriorTables::PlaceQualities(const int8_t* steps, size_t positions, CropScales& crop) const {
  const double most = architecture_.max_quality();
  std::map<int8_t, uint8_t> known = {{int8_t{0}, uint8_t{0}}};
  crop.place_of.resize(positions);
  for (size_t i = 0; i < positions; ++i) {
    const auto [place, is_new] = known.try_emplace(steps[i], static_cast<uint8_t>(crop.places.size()));
    if (is_new) crop.places.push_back(PlaceAt(std::clamp(crop.quality + steps[i], 0.0, most), crop.quality));
    crop.place_of[i] = place->second;
  }
}

std::vector<float> HyperpriorTables::MiddleGain() const {
  const double middle = 16.0 * static_cast<double>(architecture_.middle_row());
  return ExpRows(log_gain_, PositionOf(middle, architecture_.lambdas.size()));
}

std::vector<float> HyperpriorTables::MapLogGain() const {
  return MixRows(log_gain_, PositionOf(architecture_.middle_quality(), architecture_.lambdas.size()));
}

void HyperpriorTables::AddGradients(const std::vector<CropScales>& scales,
                                    const std::vector<CropScaleGradients>& gradients) {
  const size_t middle = architecture_.middle_row() * log_sigma_.value.size();
  for (size_t n = 0; n < scales.size(); ++n) {
    const CropScaleGradients& d = gradients[n];
    for (size_t p = 0; p < d.places.size(); ++p) {
      AddToTable(log_gain_, scales[n].places[p].position, d.places[p].gain);
      AddToTable(log_step_, scales[n].places[p].position, d.places[p].step);
    }
    const QualityPosition& position = scales[n].places.front().position;
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
