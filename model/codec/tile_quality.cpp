#include "model/codec/tile_quality.h"

#include <algorithm>

#include "model/entropy/rd_quantiser.h"

namespace aecomp {

LatentScales TileQuality::latents() const {
  return {scales.gain.data(),        mean_gain.data(),      scales.step.data(),
          scales.fixed_scale.data(), inverse_weight.data(), static_cast<uint32_t>(scales.gain.size())};
}

TileQuality TileQualityAt(const Model& model, int quality, double thrift, bool gray, const QualityMap& map) {
  TileQuality q;
  q.quality = quality;
  q.scales = ScalesAt(model.architecture, model.parameters, quality);
  if (gray) q.skipped = model.prior.gray_skipped();
  q.mean_gain = q.scales.gain;
  for (size_t c = 0; c < q.skipped.size(); ++c) {
    if (q.skipped[c] != 0) q.mean_gain[c] = 0;
  }
  q.inverse_weight = InverseWeights(model.architecture, quality, thrift, q.scales.step);
  if (map.empty()) return q;
  q.map = map;
  q.first_place = std::max(0, quality - QualityMap::kMostWorse);
  const int last = std::min(model.architecture.max_quality(), quality + QualityMap::kMostBetter);
  for (int place = q.first_place; place <= last; ++place) q.places.push_back(TileQualityAt(model, place, thrift, gray));
  return q;
}

}  // namespace aecomp
