// The rate in the loss of a hyperprior, in one of two forms. NoiseRate estimates bits from latents with uniform noise;
// FileRate counts the bits that a file has. Training begins with the first and ends with the second.
//
// Notation: r = y - mean is a residual of y in units of the quantisation step, k the symbol that codes it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "train/loss/latent_rounding.h"

namespace aecomp {

/// Elements of one crop's latents: [positions, channels], channels-last.
struct LatentExtent {
  int64_t positions = 0;
  size_t channels = 0;
};

/// y of one crop. Arrays of positions * channels elements but for inverse_weights.
struct YResiduals {
  const float *y = nullptr, *mean = nullptr, *log_sigma = nullptr;
  const float* offset = nullptr;                  ///< k - r
  const float* noise = nullptr;                   ///< see RateTerm::DrawNoise
  const float* const* inverse_weights = nullptr;  ///< [positions], for each [channels], see RdQuantiser
};

/// Derivatives at every element of y.
struct YDerivatives {
  float* bits_by_residual = nullptr;
  float* bits_by_log_sigma = nullptr;
  float* symbol_by_residual = nullptr;  ///< how many symbols k moves by while r moves by one
};

/// z of one crop, as YResiduals; its mean is taken off already.
struct ZResiduals {
  const float *z = nullptr, *offset = nullptr, *noise = nullptr;
  const float* log_scale = nullptr;  ///< [channels], of the logistic prior
};

class RateTerm {
 public:
  virtual ~RateTerm() = default;

  const LatentRounding& rounding() const { return rounding_; }

  /// noise: `size` values, the first with this index; zeros where the rate takes no noise.
  virtual void DrawNoise(uint64_t seed, uint64_t first_index, float* noise, int64_t size) const = 0;

  /// Bits of y, and their derivatives.
  virtual double YBits(const LatentExtent& extent, const YResiduals& y, const YDerivatives& d) const = 0;

  /// Bits of z. d_z: derivative by every element; d_log_scale: [channels], to which those by the scales are added.
  virtual double ZBits(const LatentExtent& extent, const ZResiduals& z, float* d_z, double* d_log_scale) const = 0;

  /// Whether the gradient of z reaches the analysis.
  virtual bool AnalysisLearnsFromZ() const = 0;

 protected:
  explicit RateTerm(LatentRounding rounding) : rounding_(std::move(rounding)) {}

 private:
  LatentRounding rounding_;
};

}  // namespace aecomp
