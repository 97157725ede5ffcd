#include "app/eval/peer_positions.h"

#include <algorithm>

namespace aecomp {
namespace {

constexpr int kFine = 4, kCoarse = 8;  // steps of the grid at the ends and between them
constexpr size_t kLeastPoints = 4;

/// The last multiple of kFine whose score is at most `wanted`, or 0.
Result<int> LastBelow(double wanted, const std::function<Result<double>(int)>& score) {
  int below = 0, above = QualityAxis::kPositions / kFine + 1;
  while (above - below > 1) {
    const int middle = (below + above) / 2;
    AECOMP_ASSIGN_OR_RETURN(const double got, score(middle * kFine));
    (got <= wanted ? below : above) = middle;
  }
  return below * kFine;
}

std::vector<int> Grid(int low, int high, int step) {
  std::vector<int> positions = {low};
  for (int at = (low / step + 1) * step; at < high; at += step) positions.push_back(at);
  if (high > low) positions.push_back(high);
  return positions;
}

}  // namespace

Result<std::vector<int>> ChoosePositions(double low, double high, const std::function<Result<double>(int)>& score) {
  AECOMP_ASSIGN_OR_RETURN(const int first, LastBelow(low, score));
  AECOMP_ASSIGN_OR_RETURN(const int before_last, LastBelow(high, score));
  const int last = std::min(QualityAxis::kPositions, std::max(before_last, first) + kFine);
  for (const int step : {kCoarse, kFine}) {
    std::vector<int> positions = Grid(first, last, step);
    if (positions.size() >= kLeastPoints) return positions;
  }
  return Grid(first, last, 1);
}

std::vector<int> Extended(std::vector<int> positions, bool downward, bool upward) {
  if (positions.empty()) return positions;
  const int low = std::max(0, positions.front() - kFine);
  const int high = std::min(QualityAxis::kPositions, positions.back() + kFine);
  if (downward && low < positions.front()) positions.insert(positions.begin(), low);
  if (upward && high > positions.back()) positions.push_back(high);
  return positions;
}

std::vector<double> SettingsAt(const QualityAxis& axis, const std::vector<int>& positions) {
  std::vector<double> settings;
  for (const int position : positions) {
    const double setting = axis.At(position);
    if (settings.empty() || settings.back() != setting) settings.push_back(setting);
  }
  return settings;
}

}  // namespace aecomp
