#include "model/entropy/quality_map.h"

#include <gtest/gtest.h>

#include <cmath>

namespace aecomp {
namespace {

TEST(QualityMap, LevelsAreEighthsOfOctaves) {
  EXPECT_EQ(ActivityLevel(0), 0);
  EXPECT_EQ(ActivityLevel(8), 0);
  EXPECT_EQ(ActivityLevel(9), 1);    // 100 * 2^(1/8) = 109.05
  EXPECT_EQ(ActivityLevel(99), 7);   // 100 * 2^(7/8) = 183.4
  EXPECT_EQ(ActivityLevel(100), 8);  // exactly an octave
  for (int n = 1; n <= 80; ++n) {
    const auto first = static_cast<uint32_t>(std::floor(100 * std::exp2(n / 8.0) + 1e-9)) - 100;
    EXPECT_EQ(ActivityLevel(first), n);
    EXPECT_EQ(ActivityLevel(first - 1), n - 1);
  }
  EXPECT_EQ(ActivityLevel(UINT32_MAX), 80);
}

TEST(QualityMap, QualityRisesWhereLittleIsExpected) {
  const QualityMap map{32, 20};                 // one step a level
  EXPECT_EQ(QualityAt(map, 50, 468, 112), 50);  // 100 * 2^(20/8) = 565.7: the first of level 20 is 465
  EXPECT_EQ(QualityAt(map, 50, 100, 112), 62);
  EXPECT_EQ(QualityAt(map, 50, 1500, 112), 38);
  EXPECT_EQ(QualityAt({64, 20}, 50, 0, 112), 74) << "at most 24 steps better";
  EXPECT_EQ(QualityAt({255, 20}, 50, 100000, 112), 34) << "at most 16 steps worse";
  EXPECT_EQ(QualityAt(map, 5, 1500, 112), 0) << "within the axis";
  EXPECT_EQ(QualityAt(map, 110, 0, 112), 112);
  EXPECT_EQ(QualityAt({16, 20}, 50, 500, 112), 50);  // level 20
  EXPECT_EQ(QualityAt({16, 20}, 50, 530, 112), 50);  // level 21: half a step less, rounded up
  EXPECT_EQ(QualityAt({16, 20}, 50, 600, 112), 49);  // level 22
}

TEST(QualityMap, OfTheEncoderHasItsMiddleAtUsualActivity) {
  const QualityMap map = VisualQualityMap(320);
  EXPECT_EQ(map.reference, 34);
  EXPECT_EQ(QualityAt(map, 56, 320 * 57 / 10, 112), 56);
  EXPECT_TRUE(QualityMap().empty());
  EXPECT_FALSE(map.empty());
}

}  // namespace
}  // namespace aecomp
