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

  /// Bits of a symbol, linear between two rows, and their derivative by log sigma. In row 0, which codes nothing, any
  /// symbol but 0 costs as much as in row 1, and the price of a 0 falls on from row 1 as it does from row 2 to row 1.
  /// Free it must not be: where many symbols of row 1 are not 0, sigmas would learn to end in row 0 for what a 0 saves
  /// there, and nothing would tell them of the symbols that are lost.
  float Bits(float row, int symbol, float* d_log_sigma) const;

 private:
  float At(int row, int magnitude) const;

  std::vector<std::vector<float>> bits_;  ///< [row][magnitude], up to the table's bound; then its escape
};

}  // namespace aecomp
