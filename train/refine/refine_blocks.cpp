#include "train/refine/refine_blocks.h"

#include <algorithm>

namespace aecomp {

BlockAxis CutAxis(int length, int most, int margin, int unit) {
  if (length <= most) return {length, {{0, 0, length}}};
  const auto up = [unit](int n) { return (n + unit - 1) / unit * unit; };
  const int overlap = 2 * margin, count = (length - overlap + most - overlap - 1) / (most - overlap);
  const int step = up((length - overlap + count - 1) / count);
  BlockAxis axis{step + overlap, {}};
  for (int i = 0; i < count; ++i) {
    const int begin = std::min(i * step, length - axis.size);
    const int core_begin = i == 0 ? 0 : axis.spans.back().core_end;
    axis.spans.push_back({begin, core_begin, i + 1 == count ? length : begin + axis.size - margin});
  }
  return axis;
}

}  // namespace aecomp
