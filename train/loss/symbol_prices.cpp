#include "train/loss/symbol_prices.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace aecomp {

SymbolPrices::SymbolPrices(const CodingTables& tables) {
  const auto price = [&](int row, int value) {
    return CodingTables::kPrecisionBits - std::log2(static_cast<float>(tables.Frequency(row, value)));
  };
  for (int row = 0; row < tables.rows(); ++row) {
    const int bound = tables.bound(row);
    std::vector<float>& bits = bits_.emplace_back();
    for (int k = 0; k <= bound + 1; ++k) bits.push_back(price(row, k));  // bound + 1: the escape
  }
  bits_.front() = bits_.at(1);
  bits_.front().front() = std::max(0.f, 2 * bits_.at(1).front() - bits_.at(2).front());
}

float SymbolPrices::Row(float log_sigma) {
  return std::clamp(static_cast<float>(YIndex256(log_sigma) / 256), 0.f, static_cast<float>(kYRows - 1));
}

float SymbolPrices::At(int row, int magnitude) const {
  const std::vector<float>& bits = bits_[static_cast<size_t>(row)];
  const int escape = static_cast<int>(bits.size()) - 1;
  if (magnitude < escape) return bits[static_cast<size_t>(magnitude)];
  // Sign and Elias gamma code of the excess, see CodingTables; without its steps.
  return bits.back() + 2 + 2 * std::log2(static_cast<float>(magnitude - escape + 1));
}

float SymbolPrices::Bits(float row, int symbol, float* d_log_sigma) const {
  static const float per_row = static_cast<float>(1 / YRowSpacing());
  const int low = std::min(static_cast<int>(row), kYRows - 2), magnitude = std::abs(symbol);
  const float a = At(low, magnitude), slope = At(low + 1, magnitude) - a;
  *d_log_sigma = slope * per_row;
  return a + (row - static_cast<float>(low)) * slope;
}

}  // namespace aecomp
