#include "model/entropy/quality_rows.h"

#include <algorithm>

namespace aecomp {

QualityPosition PositionOf(double quality, size_t rows) {
  const double position = std::clamp(quality / 16, 0.0, static_cast<double>(rows - 1));
  const size_t row = std::min(static_cast<size_t>(position), rows - 2);
  return {row, static_cast<float>(position - static_cast<double>(row))};
}

std::vector<float> MixRows(const Parameter& table, const QualityPosition& position) {
  const size_t channels = static_cast<size_t>(table.dims[1]);
  const float *low = table.value.data() + position.row * channels, *high = low + channels;
  std::vector<float> mixed(channels);
  for (size_t c = 0; c < channels; ++c) mixed[c] = low[c] * (1 - position.t) + high[c] * position.t;
  return mixed;
}

}  // namespace aecomp
