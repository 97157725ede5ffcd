#include "model/entropy/rd_quantiser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/entropy/coding_tables.h"

namespace aecomp {
namespace {

const CodingTables& Tables() {
  static const CodingTables tables = CodingTables::Create(YFrequencies()).value();
  return tables;
}

double Cost(int k, double r, int row, double weight) {
  return 16 - std::log2(Tables().Frequency(row, k)) + weight * (r - k) * (r - k);
}

TEST(RdQuantiser, FindsTheCheapestIntegerTowardsZero) {
  const RdQuantiser quantiser(Tables());
  int zeroed = 0;
  for (int row = 1; row < kYRows; row += 3) {
    for (const double weight : {3.0, 12.0, 60.0}) {
      for (double r = -7.43; r < 7.5; r += 0.0731) {
        const int rounded = static_cast<int>(std::lround(r)), sign = r < 0 ? -1 : 1;
        if (std::abs(rounded) > Tables().bound(row)) continue;
        int best = rounded;
        for (int k = std::abs(rounded) - 1; k >= 0; --k) {
          if (Cost(sign * k, r, row, weight) < Cost(best, r, row, weight)) best = sign * k;
        }
        const int chosen =
            quantiser.Quantise(static_cast<float>(r), static_cast<uint8_t>(row), static_cast<float>(1 / weight));
        EXPECT_NEAR(Cost(chosen, r, row, weight), Cost(best, r, row, weight), 1e-3) << r << " row " << row;
        zeroed += rounded != 0 && chosen == 0;
      }
    }
  }
  EXPECT_GT(zeroed, 100);
}

TEST(RdQuantiser, RoundsWhenBitsCostNothing) {
  const RdQuantiser quantiser(Tables());
  for (const float r : {-9000.4f, -8.6f, -1.49f, -0.51f, 0.f, 0.49f, 0.51f, 7.6f, 1234.4f}) {
    EXPECT_EQ(quantiser.Quantise(r, 60, 0), std::lround(r)) << r;
  }
  EXPECT_EQ(quantiser.Quantise(1e30f, 60, 0), CodingTables::kMaxMagnitude);
  EXPECT_EQ(quantiser.Quantise(-1e30f, 60, 0), -CodingTables::kMaxMagnitude);
  EXPECT_EQ(quantiser.Quantise(std::numeric_limits<float>::quiet_NaN(), 60, 0), -CodingTables::kMaxMagnitude);
}

}  // namespace
}  // namespace aecomp
