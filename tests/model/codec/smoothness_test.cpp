#include "model/codec/smoothness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace aecomp {
namespace {

/// Gray, `bits` a sample, of f(x, y).
template <class F>
Image Gray(int width, int height, int bits, F f) {
  Image image(width, height, 1, bits);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto v = static_cast<uint16_t>(f(x, y));
      if (bits == 8) image.Row(y)[x] = static_cast<uint8_t>(v);
      if (bits == 16) std::memcpy(image.Row(y) + 2 * x, &v, 2);
    }
  }
  return image;
}

TEST(LumaVariances, IsTheMeanOfTheSmoothestCellAndOfAllCells) {
  // Three cells are flat; in the fourth half of the columns are 100 and half are 140: a variance of 400.
  const Image image = Gray(16, 16, 8, [](int x, int y) { return x >= 8 && y >= 8 ? 100 + x % 2 * 40 : 90; });
  const std::vector<float> v = LumaVariances(image, {}, 16);
  ASSERT_EQ(v.size(), 1u);
  EXPECT_NEAR(v[0], (0 + 400.0 / 4) / 2 / (255 * 255), 1e-9);
}

TEST(LumaVariances, CountsOnlyPixelsOfTheImage) {
  // The last column of blocks has one pixel in each row, whose rows alternate between 0 and 200: a variance of 100^2.
  const Image image = Gray(33, 20, 8, [](int x, int y) { return x == 32 ? y % 2 * 200 : 7; });
  const std::vector<float> v = LumaVariances(image, {}, 16);
  ASSERT_EQ(v.size(), 6u);
  for (const size_t flat : {0u, 1u, 3u, 4u}) EXPECT_EQ(v[flat], 0) << flat;
  for (const size_t striped : {2u, 5u}) EXPECT_NEAR(v[striped], 10000.0 / (255 * 255), 1e-7) << striped;
}

TEST(LumaVariances, SmallBlocksAreOneCell) {
  const Image image = Gray(8, 4, 8, [](int x, int) { return x < 4 ? 50 : 50 + x % 2 * 20; });
  const std::vector<float> v = LumaVariances(image, {}, 4);
  ASSERT_EQ(v.size(), 2u);
  EXPECT_EQ(v[0], 0);
  EXPECT_NEAR(v[1], 100.0 / (255 * 255), 1e-9);
}

TEST(LumaVariances, OfColoursIsThatOfLuma) {
  Image image(8, 8, 3, 8);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) image.Row(y)[3 * x + 1] = static_cast<uint8_t>(x % 2 * 100);  // green
  }
  const double half = 50 * 150 / 256.0;
  EXPECT_NEAR(LumaVariances(image, {}, 8)[0], half * half / (255 * 255), 1e-9);
}

TEST(LumaVariances, SixteenBitsAreSeenInTheirRange) {
  const auto pattern = [](int x, int y) { return 5 + (x * 7 + y * 13) % 50; };
  const Image narrow = Gray(40, 24, 8, pattern);
  const Image wide = Gray(40, 24, 16, [&](int x, int y) { return 1000 + 257 * pattern(x, y); });
  const std::vector<float> a = LumaVariances(narrow, {}, 16), b = LumaVariances(wide, {1000, 1000 + 65535}, 16);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(b[i], a[i], 1e-6 * a[i]) << i;
  // The largest variance there is does not overflow.
  const Image extreme = Gray(16, 16, 16, [](int x, int) { return x % 2 * 65535; });
  EXPECT_NEAR(LumaVariances(extreme, {0, 65535}, 16)[0], 0.25, 1e-6);
}

TEST(VisualWeight, IsOneAtTheUsualVarianceAndFallsWithIt) {
  EXPECT_NEAR(VisualWeight(0.003f), 1, 1e-6);
  float last = VisualWeight(0);
  EXPECT_GT(last, 1.5f);
  for (float v = 1e-5f; v < 1; v *= 1.5f) {
    EXPECT_LE(VisualWeight(v), last) << v;
    last = VisualWeight(v);
  }
  EXPECT_LT(last, 0.7f);
  EXPECT_GT(last, 0.1f);
}

}  // namespace
}  // namespace aecomp
