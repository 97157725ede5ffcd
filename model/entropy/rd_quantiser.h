// Rate-distortion optimised quantisation, in the encoder only: decoders need not know of it.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "io/rans.h"
#include "model/network/architecture.h"

namespace aecomp {

/// Chooses the integer k from 0 to round(r) that minimises bits(k) + weight * (r - k)^2. The bits are those of the
/// table that codes k, so an unlikely value is chosen only where it is worth its price
/// (Sullivan, "Efficient scalar quantization of exponential and Laplacian random variables", IEEE Trans. Inf. Theory
/// 42(5), 1996).
class RdQuantiser {
 public:
  explicit RdQuantiser(const CodingTables& tables);

  /// r: a residual in units of the quantisation step. inverse_weight: 1 / bits that one unit of squared error is worth.
  int16_t Quantise(float r, uint8_t row, float inverse_weight) const {
    r = r > -kMost ? r : -kMost;  // a NaN gives -kMost
    r = r < kMost ? r : kMost;
    const int sign = r < 0 ? -1 : 1;
    const float v = r * static_cast<float>(sign);
    int k = static_cast<int>(v + 0.5f);
    const Row& half_bits = half_bits_[row];
    while (k > 0 && k <= kLevels &&
           v < static_cast<float>(k) - 0.5f + half_bits[static_cast<size_t>(k)] * inverse_weight)
      --k;
    return static_cast<int16_t>(sign * k);
  }

 private:
  static constexpr int kLevels = 8;  // beyond, the price of one more hardly differs from that of one less
  static constexpr float kMost = CodingTables::kMaxMagnitude;
  using Row = std::array<float, kLevels + 1>;
  std::vector<Row> half_bits_;  ///< [row][k]: (bits(k) - bits(k - 1)) / 2
};

/// The inverse_weight of Quantise for every channel of y, [M]. quality: in 1/16 steps; thrift: how much less than usual
/// an error counts against bits; step: [M].
std::vector<float> InverseWeights(const Architecture& architecture, double quality, double thrift,
                                  const std::vector<float>& step);

}  // namespace aecomp
