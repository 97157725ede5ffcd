// The encoder's choice of a picture's filter.
#pragma once

#include <optional>

#include "model/filter/filter_fit.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

/// The filter that is best by bits + bits_per_error * squared error, in squared steps of a sample, of a picture of
/// `samples` samples of which the statistics have seen some; none where nothing is gained. overhead: bits that having a
/// filter costs beside WriteFilter. Least squares (Wiener) for each class; classes are joined as long as that gains.
std::optional<PictureFilter> ChooseFilter(const FilterStatistics& statistics, double samples, double bits_per_error,
                                          double overhead);

}  // namespace aecomp
