// The encoder's choice of a picture's filter.
#pragma once

#include <optional>

#include "model/filter/filter_fit.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

/// What a filter is chosen by.
struct FilterGoal {
  double bits_per_error = 0;  ///< what a squared error is worth, in squared steps of a sample
  double overhead = 0;        ///< bits that having a filter costs beside WriteFilter
  /// Weights are this part of those of least error. Those blur a little; a half of them has three quarters of their
  /// gain and half of the blur.
  double strength = 1;
};

/// The filter that is best by bits and squared error for a picture of `samples` samples, of which the statistics have
/// seen some; none where nothing is gained. Least squares (Wiener) for each class; classes are joined as long as that
/// gains.
std::optional<PictureFilter> ChooseFilter(const FilterStatistics& statistics, double samples, const FilterGoal& goal);

}  // namespace aecomp
