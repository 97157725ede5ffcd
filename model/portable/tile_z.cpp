// How a tile's z is read: model/CODING.md, "Streams" and "z by context".
#include <algorithm>
#include <cstdlib>

#include "model/portable/tile.h"

namespace aecomp_portable {

/// "z by context": reads the channels of a position. left, up: the positions there, or null.
void TileDecoder::ReadByContext(const int32_t* rows, const int16_t* left, const int16_t* up, StreamDecoder* decoder,
                                int16_t* z) {
  const int channels = model_.hyper_channels;
  int64_t seen = 0, expected = 0;  // what counts for this position
  for (const int16_t* neighbour : {left, up}) {
    for (int c = 0; neighbour != nullptr && c < channels; ++c) {
      seen += std::abs(neighbour[c]), expected += magnitudes_[static_cast<size_t>(c)];
    }
  }
  for (int c = 0; c < channels; ++c) {
    int a = left != nullptr ? left[c] : 0, b = up != nullptr ? up[c] : 0;
    const int sign = a + b < 0 || (a + b == 0 && a < 0) ? -1 : 1;
    a = std::min(std::max(sign * a, -2), 2), b = std::min(std::max(sign * b, -2), 2);
    int activity = 0;
    for (const int part : {35, 50, 70, 100, 140, 200}) activity += part * (expected + 2048) <= 25600 * (seen + 8);
    const int context = (rows[c] * kZNeighbours + (a + 2) * 5 + b + 2) * kZActivities + activity;
    z[c] = static_cast<int16_t>(sign * decoder->Value(model_.z_context_rows[static_cast<size_t>(context)]));
    seen += 4 * std::abs(z[c]), expected += 4 * magnitudes_[static_cast<size_t>(c)];
  }
}

Status TileDecoder::ReadZ(Bytes stream) {
  const auto channels = static_cast<size_t>(model_.hyper_channels), line = channels * static_cast<size_t>(z_size_.w);
  const int32_t* rows = model_.z_rows.data() + static_cast<size_t>(quality_) * channels;
  z_.resize(static_cast<size_t>(z_size_.h) * line);
  if (z_by_context_ && model_.z_context_rows.empty()) {
    return Corrupt("damaged: it codes z by context, for which its model has no tables");
  }
  StreamDecoder decoder(z_by_context_ ? model_.z_context_tables : model_.z_tables, stream);
  magnitudes_.clear();
  for (size_t c = 0; c < channels; ++c) magnitudes_.push_back(model_.z_tables.Magnitude(rows[c]));
  bool possible = true;
  for (size_t at = 0; at < z_.size(); at += channels) {
    int16_t* const z = z_.data() + at;
    if (z_by_context_) {
      ReadByContext(rows, at % line != 0 ? z - channels : nullptr, at >= line ? z - line : nullptr, &decoder, z);
    } else {
      for (size_t c = 0; c < channels; ++c) z[c] = static_cast<int16_t>(decoder.Value(rows[c]));
    }
    for (size_t c = 0; c < channels; ++c) possible = possible && z[c] >= -127 && z[c] <= 127;
  }
  PORTABLE_TRY(decoder.End());
  return possible ? Status() : Corrupt("damaged: impossible hyper-latents");
}

}  // namespace aecomp_portable
