#include "train/refine/refine_blocks.h"

#include <gtest/gtest.h>

namespace aecomp {
namespace {

constexpr int kUnit = 4, kMargin = 4, kMost = 40;

TEST(RefineBlocks, OneBlockWhereItFits) {
  EXPECT_EQ(CutAxis(40, kMost, kMargin, kUnit).size, 40);
  EXPECT_EQ(CutAxis(40, kMost, kMargin, kUnit).spans, (std::vector<BlockSpan>{{0, 0, 40}}));
}

TEST(RefineBlocks, CoresCoverTheAxisWithMargins) {
  for (int length = kUnit; length < 600; length += kUnit) {
    const BlockAxis axis = CutAxis(length, kMost, kMargin, kUnit);
    EXPECT_LE(axis.size, kMost);
    EXPECT_EQ(axis.size % kUnit, 0);
    int at = 0;
    for (const BlockSpan& span : axis.spans) {
      EXPECT_EQ(span.core_begin, at) << length;
      EXPECT_LT(span.core_begin, span.core_end) << length;
      EXPECT_EQ(span.begin % kUnit, 0);
      EXPECT_GE(span.begin, 0);
      EXPECT_LE(span.begin + axis.size, length) << length;
      if (span.core_begin > 0) {
        EXPECT_GE(span.core_begin - span.begin, kMargin) << length;
      }
      if (span.core_end < length) {
        EXPECT_GE(span.begin + axis.size - span.core_end, kMargin) << length;
      }
      at = span.core_end;
    }
    EXPECT_EQ(at, length);
  }
}

}  // namespace
}  // namespace aecomp
