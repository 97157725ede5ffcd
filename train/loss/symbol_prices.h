// The price of symbols of y in a file, with derivatives. Training minimises these prices in the end, in place of noise.
#pragma once

#include <vector>

#include "io/rans.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {

class SymbolPrices {
 public:
  /// tables: of a hyperprior's y, kYRows rows.
  explicit SymbolPrices(const CodingTables& tables);

  /// Where a sigma lies among the rows of the tables: 0 .. kYRows - 1, between two rows or on one.
  static float Row(float log_sigma);
  /// The row whose table codes the element; in row 0 nothing is coded.
  static int Nearest(float row) { return static_cast<int>(row + 0.5f); }

  /// Bits of a symbol, linear between two rows, and their derivative by log sigma. In row 0, which codes nothing, a 0
  /// is free and any other symbol costs as much as in row 1.
  float Bits(float row, int symbol, float* d_log_sigma) const;

 private:
  float At(int row, int magnitude) const;

  std::vector<std::vector<float>> bits_;  ///< [row][magnitude], up to the table's bound; then its escape
};

}  // namespace aecomp
