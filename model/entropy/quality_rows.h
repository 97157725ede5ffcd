// Tables [Q, C] with a row for each lambda of an architecture, read between two rows.
#pragma once

#include <vector>

#include "model/base/parameters.h"

namespace aecomp {

/// A quality lies between `row` and row + 1; t, 0 .. 1, is the share of the latter.
struct QualityPosition {
  size_t row = 0;
  float t = 0;
};

/// quality: in 1/16 steps, may be fractional; clamped to the table's rows, of which there are two or more.
QualityPosition PositionOf(double quality, size_t rows);

/// The two rows at a position, mixed linearly: [C].
std::vector<float> MixRows(const Parameter& table, const QualityPosition& position);

}  // namespace aecomp
