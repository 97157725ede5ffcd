// Turns the sums of a convolution into the input of the next step, in vector code.
#pragma once

#include <cstdint>
#include <vector>

#include "model/integer/integer_conv.h"
#include "model/integer/integer_network.h"

namespace aecomp {

/// Where the outputs of some sums go; they follow each other without gaps.
struct EpilogueTarget {
  uint8_t* narrow;          ///< input of the next step
  int16_t* wide;            ///< kept for a later step that adds it; null where none does
  const int16_t* residual;  ///< to be added to these sums; null: none. It may be the same memory as `wide`.
};

/// For every step but the last one. scale: [sums.width], unit of the output for one of the sums.
void StoreSums(const IntegerStep& step, const IntegerConv::Sums& sums, const float* scale, const EpilogueTarget& to);

/// y = sums times scale, for the last step.
void StoreFloats(IntegerConv::Sums sums, const float* scale, float* y);

}  // namespace aecomp
