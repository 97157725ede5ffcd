#include "io/rans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace aecomp {
namespace {

/// A discretised Gaussian as 16-bit frequencies, the escape symbol last with what remains.
std::vector<uint16_t> Gaussian(double sigma, int bound) {
  std::vector<double> p;
  for (int v = -bound; v <= bound; ++v) {
    p.push_back(0.5 * (std::erf((v + 0.5) / sigma / std::sqrt(2)) - std::erf((v - 0.5) / sigma / std::sqrt(2))));
  }
  p.push_back(1e-5);
  std::vector<uint16_t> f;
  int left = 65536;
  for (const double q : p) left -= f.emplace_back(static_cast<uint16_t>(std::clamp(q * 65536, 1.0, 65000.0)));
  f[static_cast<size_t>(bound)] = static_cast<uint16_t>(f[static_cast<size_t>(bound)] + left);
  return f;
}

struct Sample {
  CodingTables tables;
  std::vector<std::vector<uint16_t>> frequencies;
  std::vector<int16_t> values;
  std::vector<uint8_t> rows;

  double IdealBits() const {
    double bits = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto& f = frequencies[rows[i]];
      const int bound = static_cast<int>(f.size()) / 2 - 1;
      if (std::abs(values[i]) > bound) {
        bits += 16 - std::log2(f.back()) + 2 + 2 * std::floor(std::log2(std::abs(values[i]) - bound));
      } else {
        bits += 16 - std::log2(f[static_cast<size_t>(values[i] + bound)]);
      }
    }
    return bits;
  }
};

Sample MakeSample(size_t n, unsigned seed, double outliers = 0) {
  Sample s;
  for (double sigma = 0.11; sigma < 60; sigma *= 1.25) {
    s.frequencies.push_back(Gaussian(sigma, std::min(200, static_cast<int>(std::ceil(4 * sigma)))));
  }
  s.tables = CodingTables::Create(s.frequencies).value();
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  for (size_t i = 0; i < n; ++i) {
    const auto row = static_cast<uint8_t>(std::pow(unit(random), 3) * static_cast<double>(s.frequencies.size()));
    double v = std::normal_distribution<double>(0, 0.11 * std::pow(1.25, row))(random);
    if (unit(random) < outliers) v = (unit(random) - 0.5) * 65536;
    s.rows.push_back(row);
    s.values.push_back(static_cast<int16_t>(std::clamp(std::round(v), -32767.0, 32767.0)));
  }
  return s;
}

TEST(Rans, RestoresWhatItCoded) {
  for (const size_t n : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{17}, size_t{1000}, size_t{50000}}) {
    for (const double outliers : {0.0, 0.01, 1.0}) {
      const Sample s = MakeSample(n, static_cast<unsigned>(n), outliers);
      const auto bytes = EncodeValues(s.tables, s.values, s.rows);
      std::vector<int16_t> decoded(n);
      const Status status = DecodeValues(s.tables, bytes, s.rows, decoded);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(decoded, s.values);
      EXPECT_EQ(bytes.empty(), n == 0);
    }
  }
}

TEST(Rans, CodesEveryMagnitude) {
  const auto tables = CodingTables::Create({{1, 65533, 1, 1}, Gaussian(3, 12)}).value();
  std::vector<int16_t> values;
  for (int v = -CodingTables::kMaxMagnitude; v <= CodingTables::kMaxMagnitude; ++v)
    values.push_back(static_cast<int16_t>(v));
  for (const uint8_t row : {0, 1}) {
    const std::vector<uint8_t> rows(values.size(), row);
    std::vector<int16_t> decoded(values.size());
    ASSERT_TRUE(DecodeValues(tables, EncodeValues(tables, values, rows), rows, decoded).ok());
    EXPECT_EQ(decoded, values);
  }
}

TEST(Rans, ClampsTheOneValueBeyondTheLimit) {
  const auto tables = CodingTables::Create({Gaussian(3, 12)}).value();
  const std::vector<int16_t> values = {-32768};
  const std::vector<uint8_t> rows = {0};
  std::vector<int16_t> decoded(1);
  ASSERT_TRUE(DecodeValues(tables, EncodeValues(tables, values, rows), rows, decoded).ok());
  EXPECT_EQ(decoded[0], -32767);
}

TEST(Rans, CostsHardlyMoreThanTheEntropy) {
  for (const size_t n : {size_t{1}, size_t{10}, size_t{1000}, size_t{1000000}}) {
    const Sample s = MakeSample(n, 5);
    const double ideal = s.IdealBits() / 8;
    const auto actual = static_cast<double>(EncodeValues(s.tables, s.values, s.rows).size());
    EXPECT_LE(actual, ideal * 1.0002 + 4) << n << " values";
    EXPECT_GE(actual, ideal - 1) << n << " values";
  }
}

TEST(Rans, AccountsForEscapes) {
  const Sample s = MakeSample(20000, 6, 0.05);
  const double ideal = s.IdealBits() / 8;
  EXPECT_NEAR(static_cast<double>(EncodeValues(s.tables, s.values, s.rows).size()), ideal, ideal * 0.0005 + 4);
}

// The stream is part of the file format: these bytes must never change. (A decoder in another language, written from
// io/FORMAT.md alone, reads them, too.)
TEST(Rans, WritesTheDocumentedBytes) {
  const auto tables = CodingTables::Create({{10000, 40000, 10000, 5536}}).value();
  std::vector<int16_t> values;
  for (int i = 0; i < 24; ++i) {
    values.push_back(static_cast<int16_t>(i % 6 == 5 ? (i % 4 - 1) * i * i * i : i * i % 3 - 1));
  }
  const std::vector<uint8_t> rows(values.size(), 0);
  const std::vector<uint8_t> expected = {214, 24, 249, 152, 103, 41, 48, 160, 44, 19, 160, 113};
  EXPECT_EQ(EncodeValues(tables, values, rows), expected);
}

TEST(Rans, RefusesTruncationAndTail) {
  const Sample s = MakeSample(300, 1, 0.05);
  const auto bytes = EncodeValues(s.tables, s.values, s.rows);
  std::vector<int16_t> decoded(s.values.size());
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(DecodeValues(s.tables, std::span(bytes).first(n), s.rows, decoded).code(), StatusCode::kCorrupt) << n;
  }
  auto longer = bytes;
  for (int i = 0; i < 4; ++i) {
    longer.push_back(0);
    EXPECT_EQ(DecodeValues(s.tables, longer, s.rows, decoded).code(), StatusCode::kCorrupt);
  }
  EXPECT_EQ(DecodeValues(s.tables, bytes, {}, {}).code(), StatusCode::kCorrupt);
}

TEST(Rans, BitFlipsNeverDecodeToTheSame) {
  const Sample s = MakeSample(300, 2, 0.02);
  const auto bytes = EncodeValues(s.tables, s.values, s.rows);
  std::vector<int16_t> decoded(s.values.size());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const bool ok = DecodeValues(s.tables, flipped, s.rows, decoded).ok();
    EXPECT_FALSE(ok && decoded == s.values) << bit;
  }
}

TEST(Rans, SurvivesRandomBytes) {
  const Sample s = MakeSample(2000, 3);
  std::vector<int16_t> decoded(s.values.size());
  std::mt19937 random(4);
  int accepted = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<uint8_t> bytes(random() % 1200);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    accepted += DecodeValues(s.tables, bytes, s.rows, decoded).ok();
  }
  EXPECT_EQ(accepted, 0);
}

TEST(Rans, RefusesRowsThatDoNotExist) {
  const auto tables = CodingTables::Create({Gaussian(1, 4)}).value();
  const std::vector<uint8_t> rows = {1}, bytes = {1, 2, 3};
  std::vector<int16_t> values(1);
  EXPECT_EQ(DecodeValues(tables, bytes, rows, values).code(), StatusCode::kModel);
  EXPECT_EQ(DecodeValues(CodingTables(), bytes, rows, values).code(), StatusCode::kModel);
}

TEST(Rans, RefusesBadTables) {
  const auto code = [](std::vector<std::vector<uint16_t>> f) { return CodingTables::Create(f).status().code(); };
  EXPECT_EQ(code({}), StatusCode::kModel);
  EXPECT_EQ(code({{}}), StatusCode::kModel);
  EXPECT_EQ(code({{65535, 1}}), StatusCode::kModel);        // no value at all around 0
  EXPECT_EQ(code({{1, 65534, 1}}), StatusCode::kModel);     // odd
  EXPECT_EQ(code({{1, 65532, 1, 1}}), StatusCode::kModel);  // sum
  EXPECT_EQ(code({{0, 65534, 1, 1}}), StatusCode::kModel);  // zero
  EXPECT_EQ(code({std::vector<uint16_t>(32768, 2)}), StatusCode::kModel);
  EXPECT_EQ(code(std::vector<std::vector<uint16_t>>(257, {1, 65533, 1, 1})), StatusCode::kModel);
  EXPECT_EQ(code({{1, 65533, 1, 1}}), StatusCode::kOk);
}

}  // namespace
}  // namespace aecomp
