// How an image is cut into blocks whose latents are refined one block at a time, so that memory is bounded.
#pragma once

#include <vector>

namespace aecomp {

/// A block along one axis, in elements of y. Neighbouring blocks overlap: what is refined counts in the core alone, and
/// the rest shows the networks what lies around it.
struct BlockSpan {
  int begin = 0;
  int core_begin = 0, core_end = 0;

  bool operator==(const BlockSpan&) const = default;
};

struct BlockAxis {
  int size = 0;  ///< of every block
  std::vector<BlockSpan> spans;
};

/// Cuts `length` elements into blocks of one size, which is a multiple of `unit` and at most `most`; so are their
/// beginnings. length, most: multiples of unit. margin: what a core lacks at least to the ends of its block, but at the
/// ends of the axis; a multiple of unit, less than half of `most`. The cores cover the axis and do not overlap.
BlockAxis CutAxis(int length, int most, int margin, int unit);

}  // namespace aecomp
