// Bits as a file has them: of the symbols that the encoder chooses, by the tables that code them.
//
// A count of bits has no useful derivative, so differences stand for derivatives: of bits and symbol while r moves by
// one, from r - 1/2 to r + 1/2. That is the derivative of what a file has, smoothed over a unit interval. Deep in a
// deadzone it is 0.
#pragma once

#include "train/loss/rate_term.h"
#include "train/loss/symbol_prices.h"

namespace aecomp {

class FileRate final : public RateTerm {
 public:
  /// y_tables: kYRows rows. y is rounded as an encoder with these tables does.
  explicit FileRate(const CodingTables& y_tables) : RateTerm(LatentRounding::Deadzones(y_tables)), prices_(y_tables) {}

  void DrawNoise(uint64_t seed, uint64_t first_index, float* noise, int64_t size) const override;
  double YBits(const LatentExtent& extent, const YResiduals& y, const YDerivatives& d) const override;
  double ZBits(const LatentExtent& extent, const ZResiduals& z, float* d_z, double* d_log_scale) const override;
  /// The hyper-decoder knows integers only. The noise of its slopes between the integers would outweigh all other
  /// gradients of the analysis.
  bool AnalysisLearnsFromZ() const override { return false; }

 private:
  SymbolPrices prices_;
};

}  // namespace aecomp
