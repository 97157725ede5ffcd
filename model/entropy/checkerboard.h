// The two halves of y, which lie like the fields of a checkerboard (He et al., "Checkerboard context model for
// efficient learned image compression", CVPR 2021): element (c, i, j) belongs to the first half when i + j + c is odd.
// The first half is coded without the second one and helps to predict it.
#pragma once

#include <cstdint>

namespace aecomp {

/// The parity of the channels that belong to the first half at row i, column j.
inline uint32_t FirstHalfParity(int i, int j) { return static_cast<uint32_t>(i + j + 1) & 1; }

}  // namespace aecomp
