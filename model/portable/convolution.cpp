#include "model/portable/convolution.h"

#include <algorithm>
#if defined(__clang__) && defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__clang__) && defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace aecomp_portable {
namespace {

constexpr int kStrip = 16;  // patches at a time: they stay in the first cache

int RoundUp(int n, int step) { return (n + step - 1) / step * step; }

#if defined(__clang__) && (defined(__SSE2__) || defined(__wasm_simd128__))
// Clang does not find the one instruction that multiplies and adds pairs; GCC does, in the loop below.
#if defined(__SSE2__)
using Vector = __m128i;
Vector Load(const int16_t* p) { return _mm_loadu_si128(reinterpret_cast<const Vector*>(p)); }
void Add(Vector a, Vector b, Vector& sum) { sum = _mm_add_epi32(sum, _mm_madd_epi16(a, b)); }
#else
using Vector = v128_t;
Vector Load(const int16_t* p) { return wasm_v128_load(p); }
void Add(Vector a, Vector b, Vector& sum) { sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(a, b)); }
#endif

inline void TwoByFour(const int16_t* a, size_t stride, const int16_t* w, int n, uint32_t* sums) {
  Vector lanes[8] = {};
  for (int i = 0; i < n; i += 8) {
    const Vector first = Load(a + i), second = Load(a + stride + i);
    for (int k = 0; k < 4; ++k) {
      const Vector weights = Load(w + k * n + i);
      Add(first, weights, lanes[k]), Add(second, weights, lanes[4 + k]);
    }
  }
  for (int k = 0; k < 8; ++k) {
    uint32_t lane[4];
    std::memcpy(lane, &lanes[k], sizeof lane);
    sums[k] = lane[0] + lane[1] + lane[2] + lane[3];
  }
}
#else
/// Sums of two patches with four outputs. Sums of 16-bit products over a contiguous depth are what compilers know as
/// pmaddwd, smlal or i32x4.dot_i16x8_s.
inline void TwoByFour(const int16_t* __restrict a, size_t stride, const int16_t* __restrict w, int depth,
                      uint32_t* sums) {
  const int n = depth & ~(kDepthStep - 1);
  const int16_t *a1 = a + stride, *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n;
  uint32_t s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  const auto product = [](int16_t x, int16_t y) { return static_cast<uint32_t>(x * y); };
  for (int i = 0; i < n; ++i) {
    s00 += product(a[i], w[i]), s01 += product(a[i], w1[i]), s02 += product(a[i], w2[i]), s03 += product(a[i], w3[i]);
    s10 += product(a1[i], w[i]), s11 += product(a1[i], w1[i]), s12 += product(a1[i], w2[i]),
        s13 += product(a1[i], w3[i]);
  }
  sums[0] = s00, sums[1] = s01, sums[2] = s02, sums[3] = s03;
  sums[4] = s10, sums[5] = s11, sums[6] = s12, sums[7] = s13;
}
#endif

}  // namespace

PORTABLE_VECTORISED
void Multiply(const int16_t* patches, size_t stride, int rows, const int16_t* weights, const int32_t* bias, int outputs,
              int depth, int32_t* sums) {
  for (int o = 0; o < outputs; o += kOutputStep) {
    const int16_t* const w = weights + static_cast<size_t>(o) * static_cast<size_t>(depth);
    for (int r = 0; r < rows; r += 2) {
      uint32_t tile[2 * kOutputStep];
      const bool two = r + 1 < rows;
      TwoByFour(patches + static_cast<size_t>(r) * stride, two ? stride : 0, w, depth, tile);
      int32_t* const to = sums + static_cast<size_t>(r) * static_cast<size_t>(outputs) + o;
      for (int k = 0; k < kOutputStep; ++k) to[k] = static_cast<int32_t>(tile[k] + static_cast<uint32_t>(bias[o + k]));
      if (!two) continue;
      for (int k = 0; k < kOutputStep; ++k) {
        to[outputs + k] = static_cast<int32_t>(tile[kOutputStep + k] + static_cast<uint32_t>(bias[o + k]));
      }
    }
  }
}

ActivationRows::ActivationRows(int height, int width, int channels, int capacity, int margin)
    : height_(height), width_(width), channels_(channels), capacity_(capacity) {
  line_ = (static_cast<size_t>(width) + 2 * static_cast<size_t>(margin)) * static_cast<size_t>(channels);
  origin_ = static_cast<size_t>(margin) * static_cast<size_t>(channels);
  values_.resize((static_cast<size_t>(capacity) + 1) * line_ + kDepthStep);
}

int16_t* ActivationRows::Write(int y) {
  const int row = y < 0 || y >= height_ ? capacity_ : y % capacity_;
  return values_.data() + static_cast<size_t>(row) * line_ + origin_;
}

std::vector<Convolution::Span> Convolution::Spans() const {
  const ConvolutionShape& s = shape_;
  if (!s.transposed) return {{0, 1, -s.padding, s.kernel, 0, 1}};
  std::vector<Span> spans;
  for (int phase = 0; phase < s.stride; ++phase) {
    const int nearest = (phase + s.padding) % s.stride;  // the first tap, which reads the last input position
    const int taps = nearest < s.kernel ? (s.kernel - 1 - nearest) / s.stride + 1 : 0;
    const int last_tap = nearest + (taps - 1) * s.stride;
    const int first = (phase + s.padding - nearest) / s.stride - (taps - 1);
    Span* const before = spans.empty() ? nullptr : &spans.back();
    if (before != nullptr && before->first == first && before->taps == taps) {
      ++before->phases;  // its taps follow those of the phase before
    } else {
      spans.push_back({phase, 1, first, taps, last_tap, -s.stride});
    }
  }
  return spans;
}

void Convolution::FillGroup(const std::vector<int16_t>& weight, const std::vector<int32_t>& bias, Group& g) const {
  const int in = shape_.in, out = shape_.out, kernel = shape_.kernel;
  g.depth = RoundUp(std::max(g.rows.taps * g.columns.taps * in, 1), kDepthStep);
  g.outputs = RoundUp(g.rows.phases * g.columns.phases * out, kOutputStep);
  g.weights.assign(static_cast<size_t>(g.outputs) * static_cast<size_t>(g.depth), 0);
  g.bias.assign(static_cast<size_t>(g.outputs), 0);
  size_t n = 0;
  for (int py = 0; py < g.rows.phases; ++py) {
    for (int px = 0; px < g.columns.phases; ++px) {
      for (int o = 0; o < out; ++o, ++n) {
        g.bias[n] = bias[static_cast<size_t>(o)];
        int16_t* to = g.weights.data() + n * static_cast<size_t>(g.depth);
        for (int a = 0; a < g.rows.taps; ++a) {
          for (int b = 0; b < g.columns.taps; ++b, to += in) {
            const int ky = g.rows.first_tap + py + a * g.rows.tap_step;
            const int kx = g.columns.first_tap + px + b * g.columns.tap_step;
            const int64_t from = ((int64_t{o} * kernel + ky) * kernel + kx) * in;
            std::copy_n(weight.data() + from, in, to);
          }
        }
      }
    }
  }
}

void Convolution::Make(const ConvolutionShape& shape, const std::vector<int16_t>& weight,
                       const std::vector<int32_t>& bias) {
  shape_ = shape;
  first_ = 0, end_ = 0;
  const std::vector<Span> spans = Spans();
  for (const Span& rows : spans) {
    first_ = std::min(first_, rows.first), end_ = std::max(end_, rows.first + rows.taps);
    for (const Span& columns : spans) {
      Group& group = groups_.emplace_back();
      group.rows = rows, group.columns = columns;
      FillGroup(weight, bias, group);
    }
  }
}

int Convolution::Margin(int width) const {
  const int64_t steps = (shape_.Size(width) + out_step() - 1) / out_step();
  const int64_t right = (steps - 1) * in_step() + end_ - width;
  return static_cast<int>(std::max<int64_t>({int64_t{-first_}, right, 0}));
}

void Convolution::RunGroup(const Group& g, const ActivationRows& input, int step, int out_height, int out_width,
                           const Take& take) const {
  thread_local std::vector<int16_t> patches;
  thread_local std::vector<int32_t> sums;
  const int span = g.columns.taps * shape_.in, width = DivideUp(out_width, out_step()), out = shape_.out;
  const auto depth = static_cast<size_t>(g.depth);
  // Patches of one row that need no padding already lie in the input.
  const bool in_place = g.rows.taps == 1 && span == g.depth;
  patches.resize(in_place ? 0 : kStrip * depth);
  sums.resize(static_cast<size_t>(kStrip) * static_cast<size_t>(g.outputs));
  if (!in_place) std::fill(patches.begin(), patches.end(), int16_t{0});
  const int top = step * in_step() + g.rows.first;
  for (int x = 0; x < width; x += kStrip) {
    const int count = std::min(kStrip, width - x);
    const int64_t left = (int64_t{x} * in_step() + g.columns.first) * shape_.in, next = int64_t{in_step()} * shape_.in;
    const int16_t* from = in_place ? input.At(top) + left : patches.data();
    for (int a = 0; a < g.rows.taps && !in_place; ++a) {
      const int16_t* row = input.At(top + a) + left;
      int16_t* to = patches.data() + a * span;
      for (int j = 0; j < count; ++j, row += next, to += depth) std::memcpy(to, row, static_cast<size_t>(span) * 2);
    }
    Multiply(from, in_place ? static_cast<size_t>(next) : depth, count, g.weights.data(), g.bias.data(), g.outputs,
             g.depth, sums.data());
    for (int py = 0; py < g.rows.phases; ++py) {
      const int y = step * out_step() + g.rows.phase + py;
      if (y >= out_height) break;
      for (int j = 0; j < count; ++j) {
        const int to = (x + j) * out_step() + g.columns.phase, inside = std::min(g.columns.phases, out_width - to);
        const int32_t* sum = sums.data() + j * g.outputs + py * g.columns.phases * out;
        if (inside > 0) take(y, to, sum, inside * out);
      }
    }
  }
}

void Convolution::Run(const ActivationRows& input, int step, int out_height, int out_width, const Take& take) const {
  for (const Group& g : groups_) RunGroup(g, input, step, out_height, out_width, take);
}

}  // namespace aecomp_portable
