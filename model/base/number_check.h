// Checks that the numbers of a model file are small enough for all results to stay finite.
#pragma once

#include <span>

namespace aecomp {

/// Whether the magnitude of every number is at most `most`, which is positive and finite. An infinity or a NaN fails.
bool AllWithin(std::span<const float> values, float most);

}  // namespace aecomp
