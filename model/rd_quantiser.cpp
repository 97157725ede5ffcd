#include "model/rd_quantiser.h"

#include <algorithm>
#include <cmath>

namespace aecomp {

RdQuantiser::RdQuantiser(const CodingTables& tables) : half_bits_(static_cast<size_t>(tables.rows())) {
  for (int row = 0; row < tables.rows(); ++row) {
    Row& prices = half_bits_[static_cast<size_t>(row)];
    prices = {};
    for (int k = 1; k <= std::min(kLevels, tables.bound(row)); ++k) {
      const double rarer = tables.Frequency(row, k - 1) / static_cast<double>(tables.Frequency(row, k));
      prices[static_cast<size_t>(k)] = static_cast<float>(0.5 * std::max(0.0, std::log2(rarer)));
    }
  }
}

}  // namespace aecomp
