#include "model/entropy/coding_tables.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "io/rans.h"
#include "model/entropy/rate_estimate.h"

namespace aecomp {
namespace {

void CheckRow(const FrequencyRow& row) {
  ASSERT_GE(row.size(), 4u);
  ASSERT_EQ(row.size() % 2, 0u);
  EXPECT_EQ(std::accumulate(row.begin(), row.end(), 0), 1 << CodingTables::kPrecisionBits);
  EXPECT_GE(*std::min_element(row.begin(), row.end()), 1);
  const size_t bound = (row.size() - 2) / 2;
  for (size_t v = 0; v < bound; ++v) {
    EXPECT_EQ(row[bound - v], row[bound + v]);
    EXPECT_GE(row[bound + v] + 2, row[bound + v + 1]);  // rounding differences are spread over the top
  }
}

/// Mean bits of one symbol from a distribution, coded with a row; an escape pays about 2 log2 of its excess + 1 more.
template <class Probability>
double CodedBits(const FrequencyRow& row, Probability probability, int most) {
  const int bound = static_cast<int>(row.size() - 2) / 2;
  double bits = 0;
  for (int v = -most; v <= most; ++v) {
    const double p = probability(v);
    if (p < 1e-12) continue;
    const bool escape = std::abs(v) > bound;
    const int f = escape ? row.back() : row[static_cast<size_t>(bound + v)];
    bits += p * (16 - std::log2(f));
    if (escape) bits += p * (2 + 2 * std::floor(std::log2(std::abs(v) - bound)));
  }
  return bits;
}

TEST(CodingTables, RowsAreValidFrequencies) {
  ASSERT_EQ(YFrequencies().size(), static_cast<size_t>(kYRows));
  ASSERT_EQ(ZFrequencies().size(), static_cast<size_t>(kZRows));
  for (const auto& row : YFrequencies()) CheckRow(row);
  for (const auto& row : ZFrequencies()) CheckRow(row);
  EXPECT_TRUE(CodingTables::Create(YFrequencies()).ok());
  EXPECT_TRUE(CodingTables::Create(ZFrequencies()).ok());
}

/// Counts as of `samples` values of each row, drawn from probability(row, magnitude).
template <class Probability>
SymbolCounts CountsOf(int samples, Probability probability) {
  SymbolCounts counts(kYRows);
  for (int r = 1; r < kYRows; ++r) {
    for (int v = 0; v <= 1200; ++v) {
      for (int n = static_cast<int>(std::lround(samples * probability(r, v))); n > 0; --n) {
        counts.Add(static_cast<size_t>(r), n % 2 == 0 ? v : -v);
      }
    }
  }
  return counts;
}

double GaussianMass(int row, int v) { return (v == 0 ? 1 : 2) * std::exp2(-GaussianSymbolBits(v, YSigma(row))); }

/// Of a Laplace distribution with the sigma of the row: smaller symbols and longer tails than the Gaussian's.
double LaplaceMass(int row, int v) {
  const double scale = YSigma(row) / std::sqrt(2.0);
  return v == 0 ? 1 - std::exp(-0.5 / scale) : std::exp(-(v - 0.5) / scale) - std::exp(-(v + 0.5) / scale);
}

TEST(CodingTables, FittedRowsAreValidWhateverOccurred) {
  const auto check = [](const SymbolCounts& counts) {
    const std::vector<FrequencyRow> rows = FitYFrequencies(std::span(&counts, 1));
    ASSERT_EQ(rows.size(), static_cast<size_t>(kYRows));
    for (const auto& row : rows) {
      EXPECT_EQ(std::accumulate(row.begin(), row.end(), 0), 1 << CodingTables::kPrecisionBits);
      EXPECT_GE(*std::min_element(row.begin(), row.end()), 1);
    }
    EXPECT_TRUE(CodingTables::Create(rows).ok());
  };
  check(SymbolCounts(kYRows));                                              // nothing
  check(CountsOf(1000000, [](int, int v) { return v == 0 ? 1.0 : 0.0; }));  // nothing but zeros
  check(CountsOf(100000, [](int, int v) { return v == 1000 ? 1.0 : 0.0; }));
}

TEST(CodingTables, FittedRowsCostWhatTheirSourceAsks) {
  for (const auto probability : {GaussianMass, LaplaceMass}) {
    const SymbolCounts counts = CountsOf(100000, probability);
    const std::vector<FrequencyRow> fitted = FitYFrequencies(std::span(&counts, 1)), start = YFrequencies();
    for (int r = 1; r < 100; ++r) {
      const auto mass = [&](int v) { return v == 0 ? probability(r, 0) : probability(r, std::abs(v)) / 2; };
      double entropy = 0;
      for (int v = -1200; v <= 1200; ++v) entropy -= mass(v) > 1e-12 ? mass(v) * std::log2(mass(v)) : 0;
      const double bits = CodedBits(fitted[static_cast<size_t>(r)], mass, 1200);
      EXPECT_LT(bits, entropy * 1.01 + 0.002) << "row " << r;
      if (probability == GaussianMass) continue;
      EXPECT_LT(bits, CodedBits(start[static_cast<size_t>(r)], mass, 1200)) << "row " << r;
    }
  }
}

TEST(CodingTables, FittedRowsStayNearTheGaussianWhereLittleWasSeen) {
  const SymbolCounts nothing(kYRows);
  const std::vector<FrequencyRow> rows = FitYFrequencies(std::span(&nothing, 1));
  for (int r = 1; r < 100; ++r) {
    const auto mass = [&](int v) { return v == 0 ? GaussianMass(r, 0) : GaussianMass(r, std::abs(v)) / 2; };
    const double best = CodedBits(YFrequencies()[static_cast<size_t>(r)], mass, 1000);
    EXPECT_LT(CodedBits(rows[static_cast<size_t>(r)], mass, 1000), best * 1.03 + 0.003) << "row " << r;
  }
}

TEST(CodingTables, SigmasCoverTheRange) {
  EXPECT_NEAR(YSigma(kYRows - 1), kSigmaMax, 1e-9);
  const auto row_of = [](double sigma) {
    return (static_cast<int>(std::lround(YIndex256(std::log(sigma)))) + 128) >> 8;
  };
  EXPECT_LE(row_of(0.1299), 0);
  EXPECT_EQ(row_of(0.1302), 1);
  for (int r = 1; r < kYRows; ++r) EXPECT_EQ(row_of(YSigma(r)), r);
}

TEST(CodingTables, GaussianCostsAtMostAThirdOfAPercentMore) {
  const auto rows = YFrequencies();
  double coded = 0, ideal = 0;
  for (double log_sigma = std::log(0.15); log_sigma < std::log(300.0); log_sigma += 0.0117) {
    const double sigma = std::exp(log_sigma);
    const int row = (static_cast<int>(std::lround(YIndex256(log_sigma))) + 128) >> 8;
    const auto probability = [&](int v) { return std::exp2(-GaussianSymbolBits(v, sigma)); };
    const int most = static_cast<int>(7 * sigma) + 2;
    double entropy = 0;
    for (int v = -most; v <= most; ++v) entropy += probability(v) * GaussianSymbolBits(v, sigma);
    const double bits = CodedBits(rows[static_cast<size_t>(row)], probability, most);
    // Below sigma 0.2 a symbol carries less than 0.1 bit: there what counts is the absolute loss.
    EXPECT_LE(bits, entropy * 1.004 + 3e-4) << sigma;
    coded += bits, ideal += entropy;
  }
  EXPECT_LE(coded, 1.003 * ideal);
  RecordProperty("excess_percent", std::to_string(100 * (coded / ideal - 1)));
}

TEST(CodingTables, RowZeroLosesNothingWorthHaving) {
  // At its upper end, a symbol other than 0 comes once in 8,000 elements.
  EXPECT_LT(1 - std::exp2(-GaussianSymbolBits(0, kSigmaCoded)), 1.3e-4);
}

TEST(CodingTables, LogisticCostsLittleMore) {
  const auto rows = ZFrequencies();
  double coded = 0, ideal = 0;
  for (double scale = 0.06; scale < 20; scale *= 1.03) {
    const auto probability = [&](int v) { return std::exp2(-LogisticSymbolBits(v, scale)); };
    double entropy = 0;
    for (int v = -kZMax; v <= kZMax; ++v) entropy += probability(v) * LogisticSymbolBits(v, scale);
    coded += CodedBits(rows[static_cast<size_t>(ZRow(scale))], probability, kZMax), ideal += entropy;
  }
  EXPECT_LE(coded, 1.003 * ideal);
}

TEST(CodingTables, ScalesOutsideTheRangeGetTheNearestRow) {
  EXPECT_EQ(ZRow(0.0), 0);
  EXPECT_EQ(ZRow(1e9), kZRows - 1);
  for (int r = 0; r < kZRows; ++r) EXPECT_EQ(ZRow(ZScale(r)), r);
}

}  // namespace
}  // namespace aecomp
