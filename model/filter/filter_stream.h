// The bytes of a picture's filter, as io/FORMAT.md specifies them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/status.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

std::vector<uint8_t> WriteFilter(const PictureFilter& filter);

/// kCorrupt where the bytes are no filter.
Result<PictureFilter> ReadFilter(std::span<const uint8_t> bytes);

/// How the weights of one filter are written: as multiples of 2^shift, small ones in few bits.
struct WeightCode {
  int shift = 0;  ///< 0 .. 3
  int order = 0;  ///< of the exponential Golomb code, 0 .. 3
  int bits = 0;   ///< for all of them, with the two numbers above
};

/// weights: multiples of 2^shift.
WeightCode BestCode(const PictureFilter::Weights& weights, int shift);

}  // namespace aecomp
