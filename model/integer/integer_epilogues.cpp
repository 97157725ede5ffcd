#include "model/integer/integer_epilogues.h"

#include <cmath>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

using Sums = IntegerConv::Sums;

constexpr float kWideMost = 32767;
constexpr int kStreamZero = 128;

// rintf and not lrintf: compilers turn it into one instruction for many numbers. Each function is one multiplication
// and its rounding, see integer_network.h.

inline float Rounded(int32_t sum, float scale) { return std::rint(static_cast<float>(sum) * scale); }

inline uint8_t Narrow(int32_t wide, float narrow) {
  const float v = Rounded(wide, narrow);
  const float low = v > -128.f ? v : -128.f;
  return static_cast<uint8_t>(static_cast<int32_t>(low < 127.f ? low : 127.f) + kStreamZero);
}

inline int32_t Wide(int32_t sum, float scale) {
  const float v = Rounded(sum, scale);
  const float low = v > -kWideMost ? v : -kWideMost;
  return static_cast<int32_t>(low < kWideMost ? low : kWideMost);
}

// scale: [sums.width]. Results follow each other without gaps.

AECOMP_MULTIVERSION
void ToRelu(const Sums sums, const float* scale, uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width) {
    for (int c = 0; c < width; ++c) {
      const float v = Rounded(acc[c] + bias[c], scale[c]);
      const float low = v > 0.f ? v : 0.f;
      y[c] = static_cast<uint8_t>(static_cast<int32_t>(low < 255.f ? low : 255.f));
    }
  }
}

/// wide: null when nobody reads it.
AECOMP_MULTIVERSION
void ToStream(const Sums sums, const float* scale, float narrow, int16_t* wide, uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width) {
    if (wide == nullptr) {
      for (int c = 0; c < width; ++c) y[c] = Narrow(Wide(acc[c] + bias[c], scale[c]), narrow);
      continue;
    }
    for (int c = 0; c < width; ++c) {
      const int32_t v = Wide(acc[c] + bias[c], scale[c]);
      wide[c] = static_cast<int16_t>(v);
      y[c] = Narrow(v, narrow);
    }
    wide += width;
  }
}

inline int32_t Added(int32_t wide, int16_t residual) {
  int32_t v = wide + residual;
  v = v > -32767 ? v : -32767;
  return v < 32767 ? v : 32767;
}

AECOMP_MULTIVERSION
void AddToStream(const Sums sums, const float* scale, float narrow, const int16_t* residual, int16_t* wide,
                 uint8_t* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width, residual += width) {
    if (wide == nullptr) {
      for (int c = 0; c < width; ++c) y[c] = Narrow(Added(Wide(acc[c] + bias[c], scale[c]), residual[c]), narrow);
      continue;
    }
#pragma GCC ivdep  // wide may be residual
    for (int c = 0; c < width; ++c) {
      const int32_t v = Added(Wide(acc[c] + bias[c], scale[c]), residual[c]);
      wide[c] = static_cast<int16_t>(v);
      y[c] = Narrow(v, narrow);
    }
    wide += width;
  }
}

}  // namespace

AECOMP_MULTIVERSION
void StoreFloats(const IntegerConv::Sums sums, const float* scale, float* y) {
  const int32_t *acc = sums.acc, *bias = sums.bias;
  const int repeats = sums.repeats, width = sums.width;
  const int64_t stride = sums.stride;
  for (int r = 0; r < repeats; ++r, acc += stride, y += width) {
    for (int c = 0; c < width; ++c) y[c] = static_cast<float>(acc[c] + bias[c]) * scale[c];
  }
}

void StoreSums(const IntegerStep& step, const Sums& sums, const float* scale, const EpilogueTarget& to) {
  if (step.output == IntegerStep::Output::kRelu) {
    ToRelu(sums, scale, to.narrow);
  } else if (to.residual == nullptr) {
    ToStream(sums, scale, step.narrow, to.wide, to.narrow);
  } else {
    AddToStream(sums, scale, step.narrow, to.residual, to.wide, to.narrow);
  }
}

}  // namespace aecomp
