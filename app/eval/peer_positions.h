// At which settings a peer is measured: its curve shall cover that of aecomp, with few points.
#pragma once

#include <functional>
#include <vector>

#include "app/eval/peer.h"
#include "io/status.h"

namespace aecomp {

/// Positions on an axis of quality, rising. They come from a fixed grid, so that a run with another model meets the
/// same ones in the cache.
/// score: that of a position, which rises with it up to noise. low, high: what the curve shall reach at its ends.
/// Bisection finds the last position of the grid at or below `low` and the first at or above `high`, or the end of the
/// axis; between them lie two to five more.
Result<std::vector<int>> ChoosePositions(double low, double high, const std::function<Result<double>(int)>& score);

/// The next position outward; nothing new at the end of the axis.
std::vector<int> Extended(std::vector<int> positions, bool downward, bool upward);

/// Settings of positions, without repetition.
std::vector<double> SettingsAt(const QualityAxis& axis, const std::vector<int>& positions);

}  // namespace aecomp
