// What symbols of y cost in a file, with derivatives: what training minimises in the end, in place of noise.
#pragma once

#include <vector>

#include "io/rans.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {

class SymbolPrices {
 public:
  /// tables: of a hyperprior's y, kYRows rows.
  explicit SymbolPrices(const CodingTables& tables);

  /// Row of this sigma, between those of the tables: 0 .. kYRows - 1.
  static float Row(float log_sigma);
  /// The row that codes it, 0 for none.
  static int Nearest(float row) { return static_cast<int>(row + 0.5f); }

  /// Bits of a symbol, linear between two rows, and their derivative in log sigma. Row 0 codes nothing: 0 is free
  /// there, and other symbols cost what they do in row 1.
  float Bits(float row, int symbol, float* d_log_sigma) const;

 private:
  float At(int row, int magnitude) const;

  std::vector<std::vector<float>> bits_;  ///< [row][magnitude], up to the table's bound; then its escape
};

}  // namespace aecomp
