#include "model/entropy/factorized_prior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "model/entropy/coding_check.h"
#include "tests/model/network/architecture_files.h"

namespace aecomp {
namespace {

TEST(FactorizedPrior, TablesAreDistributions) {
  const auto rows = FactorizedFrequencies();
  ASSERT_EQ(rows.size(), static_cast<size_t>(kFactorizedScales * kFactorizedShapes));
  EXPECT_TRUE(CodingTables::Create(rows).ok());
  for (const FrequencyRow& row : rows) {
    EXPECT_EQ(std::accumulate(row.begin(), row.end(), 0), 65536);
    const size_t bound = (row.size() - 2) / 2;
    for (size_t v = 1; v <= bound; ++v) EXPECT_EQ(row[bound - v], row[bound + v]);
  }
}

class Choice : public ::testing::Test {
 protected:
  /// Channel c has Laplace symbols that double in scale with c, and grow with the quality.
  std::vector<int> Draw(int channel, int quality, int count) {
    std::mt19937 random(static_cast<uint32_t>(channel * 100 + quality));
    std::exponential_distribution<double> distance(1 / (0.2 * std::pow(2.0, channel) * (1 + quality / 16.0)));
    std::vector<int> symbols;
    for (int i = 0; i < count; ++i) {
      const double v = distance(random);
      symbols.push_back(static_cast<int>(std::lround(random() % 2 == 0 ? v : -v)));
    }
    return symbols;
  }

  void SetUp() override {
    architecture_ = ParseArchitecture(test::ArchitectureText("conv_small"), "a").value();
    prior_ = FactorizedPrior::Choose(architecture_, [&](int quality) {
               SymbolCounts counts(architecture_.latent_channels);
               for (int c = 0; c < architecture_.latent_channels; ++c)
                 for (int v : Draw(c, quality, 3000)) counts.Add(static_cast<size_t>(c), v);
               return counts;
             }).value();
  }

  Architecture architecture_;
  FactorizedPrior prior_;
};

TEST_F(Choice, IsWithinAPercentOfTheEntropy) {
  for (int quality : {0, 48}) {
    for (int c = 0; c < architecture_.latent_channels; ++c) {
      std::vector<int16_t> values;
      std::map<int, int> counts;
      for (int v : Draw(c, quality, 20000)) {
        values.push_back(static_cast<int16_t>(v));
        ++counts[v];
      }
      double entropy = 0;
      for (const auto& [v, n] : counts) entropy -= n * std::log2(n / 20000.0);
      const std::vector<uint8_t> rows(values.size(), prior_.Rows(quality)[static_cast<size_t>(c)]);
      const double bits = 8.0 * static_cast<double>(EncodeValues(prior_.tables(), values, rows).size());
      EXPECT_LT(bits, 1.012 * entropy + 40) << c << " at " << quality;
    }
  }
}

TEST_F(Choice, ComesBackFromAFile) {
  SafetensorsWriter writer;
  prior_.Save(writer);
  const std::vector<uint8_t> bytes = writer.Serialize();
  const auto file = SafetensorsFile::Parse(bytes, "m");
  ASSERT_TRUE(file.ok());
  const auto loaded = FactorizedPrior::Load(architecture_, file.value());
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  for (int quality = 0; quality <= architecture_.max_quality(); ++quality) {
    const auto a = prior_.Rows(quality), b = loaded.value().Rows(quality);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
  EXPECT_EQ(loaded.value().tables().rows(), prior_.tables().rows());
  EXPECT_LT(prior_.tables().rows(), 100) << "the file holds the tables that are used";
}

TEST_F(Choice, FilesThatNameNoTableAreRefused) {
  SafetensorsWriter writer;
  prior_.Save(writer);
  std::vector<uint8_t> bytes = writer.Serialize();
  const auto file = SafetensorsFile::Parse(bytes, "m");
  ASSERT_TRUE(file.ok());
  Architecture other = architecture_;
  other.latent_channels = 9;
  EXPECT_EQ(FactorizedPrior::Load(other, file.value()).status().code(), StatusCode::kModel);
  SafetensorsWriter bad;
  const int64_t qualities = architecture_.max_quality() + 1, m = architecture_.latent_channels;
  std::vector<int32_t> rows(static_cast<size_t>(qualities * m), 1);
  bad.AddIntegers("integer.y_rows", {qualities, m}, rows, DType::kU8);
  bad.AddIntegers("integer.y_tables.bounds", {1}, std::vector<int32_t>{1}, DType::kI32);
  bad.AddIntegers("integer.y_tables.frequencies", {3}, std::vector<int32_t>{65530, 2, 2}, DType::kI32);
  const std::vector<uint8_t> bad_bytes = bad.Serialize();
  const auto status = FactorizedPrior::Load(architecture_, SafetensorsFile::Parse(bad_bytes, "m").value()).status();
  EXPECT_EQ(status.code(), StatusCode::kModel);
  EXPECT_NE(status.message().find("names a table that does not exist"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace aecomp
