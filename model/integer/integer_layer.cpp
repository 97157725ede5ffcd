#include "model/integer/integer_layer.h"

#include <cstdlib>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

constexpr int64_t kAccumulatorLimit = int64_t{1} << 24;
constexpr int kMaxShift = 46;  // |acc * multiplier| < 2^55, so no shift up to here loses everything or overflows

/// Calls f(weights [in], input row, input column) for the taps of output position (row, column) that may lie in the
/// input.
template <class F>
void ForEachTap(const IntegerLayer& l, int o, int row, int column, F f) {
  for (int a = 0; a < l.kernel; ++a) {
    for (int b = 0; b < l.kernel; ++b) {
      const int8_t* weights = l.weight.data() + ((int64_t{o} * l.kernel + a) * l.kernel + b) * l.in;
      if (!l.transposed) {
        f(weights, row * l.stride - l.padding + a, column * l.stride - l.padding + b);
        continue;
      }
      const int y = row + l.padding - a, x = column + l.padding - b;
      if (y >= 0 && x >= 0 && y % l.stride == 0 && x % l.stride == 0) f(weights, y / l.stride, x / l.stride);
    }
  }
}

AECOMP_MULTIVERSION
int32_t SumOfMagnitudes(const int8_t* weights, int count) {
  int32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += std::abs(weights[i]);
  return sum;
}

}  // namespace

Shape IntegerLayer::OutputShape(const Shape& input) const {
  const auto size = [&](int n) {
    return transposed ? (n - 1) * stride - 2 * padding + kernel : (n + 2 * padding - kernel) / stride + 1;
  };
  return {input.n, out, size(input.h), size(input.w)};
}

int64_t AccumulatorBound(const IntegerLayer& l, int o, int zero_point) {
  const int phases = l.transposed ? l.stride : 1;
  std::vector<int64_t> sums(static_cast<size_t>(phases * phases));
  const int8_t* weight = l.weight.data() + int64_t{o} * l.kernel * l.kernel * l.in;
  for (int a = 0; a < l.kernel; ++a) {
    for (int b = 0; b < l.kernel; ++b, weight += l.in) {
      sums[static_cast<size_t>(a % phases * phases + b % phases)] += SumOfMagnitudes(weight, l.in);
    }
  }
  const int64_t largest = *std::max_element(sums.begin(), sums.end());
  return (255 + zero_point) * largest + std::abs(int64_t{l.bias[static_cast<size_t>(o)]});
}

Status CheckIntegerLayer(const IntegerLayer& l, int zero_point, const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    return ModelError(name + ": " + why + "; the model file is damaged");
  };
  if (l.shift < 1 || l.shift > kMaxShift) return refuse("its shift of " + std::to_string(l.shift) + " is out of range");
  for (int8_t w : l.weight) {
    if (w < -64 || w > 63) return refuse("a weight of " + std::to_string(w) + " does not fit 7 bits");
  }
  for (int o = 0; o < l.out; ++o) {
    if (l.multiplier[static_cast<size_t>(o)] < 0) return refuse("a negative multiplier");
    if (AccumulatorBound(l, o, zero_point) >= kAccumulatorLimit) {
      return refuse("sums of output channel " + std::to_string(o) + " may exceed 2^24");
    }
  }
  return {};
}

void AccumulateScalar(const IntegerLayer& l, const uint8_t* x, int h, int w, int zero_point, int32_t* acc) {
  const Shape output = l.OutputShape({1, l.in, h, w});
  for (int row = 0; row < output.h; ++row) {
    for (int column = 0; column < output.w; ++column) {
      for (int o = 0; o < l.out; ++o) {
        int32_t sum = l.bias[static_cast<size_t>(o)];
        ForEachTap(l, o, row, column, [&](const int8_t* weights, int y, int c) {
          if (y < 0 || y >= h || c < 0 || c >= w) return;
          const uint8_t* source = x + (int64_t{y} * w + c) * l.in;
          for (int i = 0; i < l.in; ++i) sum += weights[i] * (source[i] - zero_point);
        });
        *acc++ = sum;
      }
    }
  }
}

}  // namespace aecomp
