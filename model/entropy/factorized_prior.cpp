#include "model/entropy/factorized_prior.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/entropy/table_file.h"

namespace aecomp {
namespace {

constexpr const char* kRowsKey = "integer.y_rows";
constexpr const char* kTablesKey = "integer.y_tables";

using Prices = std::vector<double>;  // bits of the magnitudes 0 .. kMost

/// io/FORMAT.md: an escape is followed by the sign, k zeros and a one, and k bits, for an excess of 2^k and more.
Prices PricesOf(const FrequencyRow& row) {
  const int bound = static_cast<int>(row.size() - 2) / 2;
  const auto bits = [&](int symbol) {
    return CodingTables::kPrecisionBits - std::log2(row[static_cast<size_t>(symbol)]);
  };
  Prices prices;
  for (int v = 0; v <= SymbolCounts::kMost; ++v) {
    const double excess = v > bound ? 2 * std::floor(std::log2(v - bound)) + 2 : 0;
    prices.push_back(v <= bound ? bits(bound + v) : bits(2 * bound + 1) + excess);
  }
  return prices;
}

/// The row that codes one channel in the fewest bits.
int Cheapest(const std::vector<Prices>& prices, std::span<const int32_t> counts) {
  std::vector<std::pair<size_t, double>> seen;  // magnitude, count
  for (size_t v = 0; v < counts.size(); ++v) {
    if (counts[v] != 0) seen.emplace_back(v, counts[v]);
  }
  int best = 0;
  double least = INFINITY;
  for (size_t row = 0; row < prices.size(); ++row) {
    double bits = 0;
    for (const auto& [v, count] : seen) bits += count * prices[row][v];
    if (bits < least) best = static_cast<int>(row), least = bits;
  }
  return best;
}

}  // namespace

Status FactorizedPrior::SetTables(std::vector<FrequencyRow> frequencies) {
  frequencies_ = std::move(frequencies);
  AECOMP_ASSIGN_OR_RETURN(tables_, CodingTables::Create(frequencies_));
  return {};
}

Result<FactorizedPrior> FactorizedPrior::Choose(const Architecture& architecture,
                                                const std::function<SymbolCounts(int quality)>& counts) {
  const std::vector<FrequencyRow> all = FactorizedFrequencies();
  std::vector<Prices> prices;
  for (const FrequencyRow& row : all) prices.push_back(PricesOf(row));
  FactorizedPrior prior;
  prior.channels_ = static_cast<size_t>(architecture.latent_channels);
  std::vector<int> chosen;  // [qualities, M]
  for (int quality = 0; quality <= architecture.max_quality(); ++quality) {
    const SymbolCounts seen = counts(quality);
    const size_t first = chosen.size();
    chosen.resize(first + prior.channels_);
#pragma omp parallel for schedule(dynamic, 8)
    for (size_t c = 0; c < prior.channels_; ++c) chosen[first + c] = Cheapest(prices, seen.kind(c));
  }
  // The file holds the tables that are used.
  std::map<int, uint8_t> used;
  for (int row : chosen) used[row] = 0;
  std::vector<FrequencyRow> frequencies;
  for (auto& [row, number] : used) {
    number = static_cast<uint8_t>(frequencies.size());
    frequencies.push_back(all[static_cast<size_t>(row)]);
  }
  for (int row : chosen) prior.rows_.push_back(used[row]);
  AECOMP_RETURN_IF_ERROR(prior.SetTables(std::move(frequencies)));
  return prior;
}

void FactorizedPrior::Save(SafetensorsWriter& writer) const {
  const int64_t m = static_cast<int64_t>(channels_);
  writer.AddIntegers(kRowsKey, {std::ssize(rows_) / m, m}, std::vector<int32_t>(rows_.begin(), rows_.end()),
                     DType::kU8);
  SaveTables(kTablesKey, frequencies_, writer);
}

Result<FactorizedPrior> FactorizedPrior::Load(const Architecture& architecture, const SafetensorsFile& file) {
  FactorizedPrior prior;
  const int64_t m = architecture.latent_channels;
  AECOMP_ASSIGN_OR_RETURN(const auto rows, file.ReadIntegers(kRowsKey, {architecture.max_quality() + 1, m}));
  AECOMP_ASSIGN_OR_RETURN(std::vector<FrequencyRow> frequencies, LoadTables(file, kTablesKey));
  AECOMP_RETURN_IF_ERROR(prior.SetTables(std::move(frequencies)));
  for (const int32_t row : rows) {
    if (row < 0 || row >= prior.tables_.rows()) {
      return ModelError("tensor \"" + std::string(kRowsKey) + "\" names a table that does not exist");
    }
    prior.rows_.push_back(static_cast<uint8_t>(row));
  }
  prior.channels_ = static_cast<size_t>(m);
  return prior;
}

std::span<const uint8_t> FactorizedPrior::Rows(int quality) const {
  return std::span(rows_).subspan(static_cast<size_t>(quality) * channels_, channels_);
}

}  // namespace aecomp
