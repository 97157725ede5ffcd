#include "train/loss/symbol_prices.h"

#include <gtest/gtest.h>

#include <cmath>

namespace aecomp {
namespace {

class SymbolPricesTest : public ::testing::Test {
 protected:
  CodingTables tables_ = CodingTables::Create(YFrequencies()).value();
  SymbolPrices prices_{tables_};
  float slope_ = 0;
};

TEST_F(SymbolPricesTest, RowsCostWhatTheirTablesSay) {
  for (int row : {1, 20, 127}) {
    for (int symbol : {0, 1, -3}) {
      if (std::abs(symbol) > tables_.bound(row)) continue;
      const double bits = 16 - std::log2(tables_.Frequency(row, symbol));
      EXPECT_NEAR(prices_.Bits(static_cast<float>(row), symbol, &slope_), bits, 1e-4) << row << " " << symbol;
    }
    const int outside = tables_.bound(row) + 5;  // escape, sign, 5 in Elias' gamma code
    const double escape = 16 - std::log2(tables_.Frequency(row, tables_.bound(row) + 1));
    const double bits = prices_.Bits(static_cast<float>(row), outside, &slope_);
    EXPECT_GE(bits, escape + 5) << row;
    EXPECT_LE(bits, escape + 7) << row;
  }
}

TEST_F(SymbolPricesTest, RowsAreThoseThatTheCoderChooses) {
  EXPECT_EQ(SymbolPrices::Nearest(SymbolPrices::Row(std::log(0.129f))), 0);
  EXPECT_EQ(SymbolPrices::Nearest(SymbolPrices::Row(std::log(0.131f))), 1);
  for (int row : {1, 50, 127}) {
    EXPECT_NEAR(SymbolPrices::Row(static_cast<float>(std::log(YSigma(row)))), row, 0.01);
  }
  EXPECT_EQ(SymbolPrices::Row(-30), 0);
  EXPECT_EQ(SymbolPrices::Row(30), kYRows - 1);
}

TEST_F(SymbolPricesTest, WhereNothingIsCodedPricesGoOnAsInTheRowsBefore) {
  // In row 1 every thirtieth symbol is not 0, as in tables of models whose sigmas are often too small.
  std::vector<FrequencyRow> rows = YFrequencies();
  rows[1] = {1100, 65536 - 2 * 1100 - 1, 1100, 1};
  rows[2] = {1200, 65536 - 2 * 1200 - 1, 1200, 1};
  const auto tables = CodingTables::Create(rows);
  ASSERT_TRUE(tables.ok()) << tables.status().message();
  const SymbolPrices prices(tables.value());
  float below = 0, above = 0;
  const float in_row_1 = prices.Bits(1, 0, &above);
  EXPECT_LT(prices.Bits(0.25f, 0, &below), in_row_1);
  EXPECT_GT(prices.Bits(0, 0, &below), 0.9f * in_row_1);
  EXPECT_NEAR(below, above, 0.01f * above);
  EXPECT_EQ(prices.Bits(0, 1, &below), prices.Bits(1, 1, &above));
}

/// Between rows, of the price in log sigma.
TEST_F(SymbolPricesTest, SlopesAreDerivatives) {
  for (float sigma : {0.2f, 1.f, 30.f}) {
    for (int symbol : {0, 1, 7, 200}) {
      const float center = std::floor(SymbolPrices::Row(std::log(sigma))) + 0.5f, step = 0.25f;
      float unused = 0;
      prices_.Bits(center, symbol, &slope_);
      const float difference =
          prices_.Bits(center + step, symbol, &unused) - prices_.Bits(center - step, symbol, &unused);
      const double log_sigma = 2 * step * YRowSpacing();
      EXPECT_NEAR(slope_, difference / log_sigma, 1e-3 * std::fabs(slope_) + 1e-3) << sigma << " " << symbol;
    }
  }
}

}  // namespace
}  // namespace aecomp
