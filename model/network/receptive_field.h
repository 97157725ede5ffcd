// How far a network looks: how much a window must add around itself so that its core is as in the whole image.
#pragma once

#include <cstdint>
#include <optional>

#include "model/network/architecture.h"

namespace aecomp {

/// Both ends included.
struct Interval {
  int64_t first = 0, last = 0;
};

/// Positions of the input (rows, or columns: they are alike) that the outputs in `output` depend on, on an unbounded
/// plane. nullopt when a layer sees the whole input at once (linear, flatten, reshape).
std::optional<Interval> ReceptiveField(const Network& network, const Interval& output);

/// Halo of windows in elements of y.
std::optional<int> EncoderHalo(const Architecture& architecture);
std::optional<int> DecoderHalo(const Architecture& architecture);

}  // namespace aecomp
