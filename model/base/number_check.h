// Whether the numbers of a model file are such that what is computed from them stays finite.
#pragma once

#include <span>

namespace aecomp {

/// Whether the magnitude of every number is at most `most`, which is positive and finite. An infinity or a NaN is not.
bool AllWithin(std::span<const float> values, float most);

}  // namespace aecomp
