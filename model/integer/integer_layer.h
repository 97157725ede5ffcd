// Convolutions in integers, in plain loops: they define the exact result (see "exactness" in model/OVERVIEW.md).
// model/integer/integer_conv.h computes the same fast.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/tensor.h"

namespace aecomp {

/// One layer on u8 activations with 7-bit weights. Accumulators stay below 2^24 (checked when it is made or read):
/// oneDNN passes them through f32 on some machines.
struct IntegerLayer {
  bool transposed = false;
  int in = 0, out = 0, kernel = 1, stride = 1, padding = 0;
  std::vector<int8_t> weight;       ///< [out, kh, kw, in], each in [-64, 63]
  std::vector<int32_t> bias;        ///< [out], in accumulator units
  std::vector<int32_t> multiplier;  ///< [out], requantisation: (acc * multiplier + 2^(shift-1)) >> shift
  int shift = 1;                    ///< 1 .. 46

  /// [n, out, h', w'] of an input [n, in, h, w].
  Shape OutputShape(const Shape& input) const;
  int64_t weight_size() const { return int64_t{out} * kernel * kernel * in; }
};

/// Weights, biases, multipliers and shift within their ranges and accumulators below 2^24, where every input is in 0 ..
/// 255 and `zero_point` is the input that means 0. `name`: what messages call the layer.
Status CheckIntegerLayer(const IntegerLayer& layer, int zero_point, const std::string& name);

/// 255 * sum |w| + |bias| + zero_point * sum |w| of output channel o, the largest over the phases of a transposed
/// convolution (output positions that share the same taps).
int64_t AccumulatorBound(const IntegerLayer& layer, int o, int zero_point);

/// x: [h, w, in]; acc: [h', w', out] = bias + sum of weight * (x - zero_point), 0 outside of x. Slow.
void AccumulateScalar(const IntegerLayer& layer, const uint8_t* x, int h, int w, int zero_point, int32_t* acc);

/// (acc * multiplier + 2^(shift-1)) >> shift.
inline int64_t Requantise(int32_t acc, int32_t multiplier, int shift) {
  return (int64_t{acc} * multiplier + (int64_t{1} << (shift - 1))) >> shift;
}
inline uint8_t ClampToU8(int64_t v) { return static_cast<uint8_t>(std::clamp<int64_t>(v, 0, 255)); }

}  // namespace aecomp
