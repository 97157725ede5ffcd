// Bits of latents with uniform noise in place of rounding (Balle, Laparra and Simoncelli, ICLR 2017, arXiv:1611.01704):
// a smooth function of everything that is learned.
#pragma once

#include "train/loss/rate_term.h"

namespace aecomp {

/// Gradients pass the rounding straight through: k moves with r.
class NoiseRate final : public RateTerm {
 public:
  explicit NoiseRate(LatentRounding rounding) : RateTerm(std::move(rounding)) {}

  void DrawNoise(uint64_t seed, uint64_t first_index, float* noise, int64_t size) const override;
  double YBits(const LatentExtent& extent, const YResiduals& y, const YDerivatives& d) const override;
  double ZBits(const LatentExtent& extent, const ZResiduals& z, float* d_z, double* d_log_scale) const override;
  bool AnalysisLearnsFromZ() const override { return true; }
};

}  // namespace aecomp
