// What every file of this folder shares: errors as values, and arithmetic that every machine computes alike.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "model/portable/aecomp_portable.h"

#if defined(__FAST_MATH__)
#error "-ffast-math changes pixels: compile model/portable without it"
#endif
#if FLT_EVAL_METHOD != 0
#error "floating-point numbers have more digits than their types here, which changes pixels: on x86 compile with -msse2"
#endif
// A fused multiply-add rounds once, not twice. Compilers for arm64 use it unless they are told not to.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

// Loops that compilers turn into vector code, compiled for newer x86 processors as well where the loader can choose.
#if defined(PORTABLE_VECTORISED)  // chosen by whoever compiles this; empty: none
#elif defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PORTABLE_VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define PORTABLE_VECTORISED
#endif

namespace aecomp_portable {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(aecp_code code, std::string message) : code_(code), message_(std::move(message)) {}
  bool ok() const { return code_ == AECP_OK; }
  aecp_code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  aecp_code code_ = AECP_OK;
  std::string message_;
};

Status Corrupt(const std::string& what);
Status Corrupt(const char* what);
Status BadModel(const std::string& what);
Status BadModel(const char* what);

#define PORTABLE_TRY(expression)                        \
  do {                                                  \
    if (Status status_ = (expression); !status_.ok()) { \
      return status_;                                   \
    }                                                   \
  } while (false)

/// Bytes of somebody else's, with bounds: reading beyond the end gives 0 and is remembered.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  uint8_t operator[](size_t i) const { return data_[i]; }

  size_t position() const { return position_; }
  size_t remaining() const { return size_ - position_; }
  bool ok() const { return ok_; }

  /// The next n bytes; empty where there are fewer.
  Bytes Take(uint64_t n) {
    if (n > remaining()) {
      ok_ = false, position_ = size_;
      return {};
    }
    position_ += static_cast<size_t>(n);
    return {data_ + position_ - n, static_cast<size_t>(n)};
  }
  uint8_t U8() { return static_cast<uint8_t>(Little(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Little(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Little(4)); }
  uint64_t U64() { return Little(8); }
  uint32_t BigU32() {
    const uint32_t a = U8(), b = U8(), c = U8();
    return a << 24 | b << 16 | c << 8 | U8();
  }
  /// LEB128 of at most 64 bits in no more bytes than it needs.
  uint64_t Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint64_t byte = U8();
      if (!ok_) return 0;
      value |= (byte & 127) << shift;
      if (byte >= 128) continue;
      if ((shift > 0 && byte == 0) || (shift == 63 && byte > 1)) break;
      return value;
    }
    ok_ = false;
    return 0;
  }

 private:
  uint64_t Little(size_t n) {
    const Bytes part = Take(n);
    uint64_t value = 0;
    for (size_t i = part.size_; i-- > 0;) value = value << 8 | part.data_[i];
    return value;
  }

  const uint8_t* data_ = nullptr;
  size_t size_ = 0, position_ = 0;
  bool ok_ = true;
};

inline int DivideUp(int a, int b) { return (a + b - 1) / b; }

/// Rounds to nearest, ties to even, where |v| < 2^22: an addition that compilers turn into vector code everywhere.
inline float RoundSmall(float v) { return (v + 12582912.f) - 12582912.f; }

/// Within low .. high; a NaN becomes low.
inline float Limit(float v, float low, float high) {
  v = v > low ? v : low;
  return v < high ? v : high;
}

/// CODING.md, "Numbers of a quality": E(x).
float Exp(float x);

/// CODING.md, "The companding function": C(v).
inline float Compand(float v) {
  const float a = 1 + std::fabs(v);
  uint32_t bits;
  std::memcpy(&bits, &a, sizeof bits);
  const int32_t e = static_cast<int32_t>(bits - 0x3F3504F3u) >> 23;
  bits -= static_cast<uint32_t>(e) << 23;
  float m;
  std::memcpy(&m, &bits, sizeof m);
  m -= 1;
  float p = 7.0376836292e-2f;
  p = p * m + -1.1514610310e-1f, p = p * m + 1.1676998740e-1f, p = p * m + -1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f, p = p * m + -1.6668057665e-1f, p = p * m + 2.0000714765e-1f;
  p = p * m + -2.4999993993e-1f, p = p * m + 3.3333331174e-1f;
  const float square = m * m;
  const float log = m + (square * (m * p) - 0.5f * square) + 0.693147181f * static_cast<float>(e);
  return std::copysign(log, v);
}

/// see(v, unit) less its zero point of 128; inverse: 1 / unit.
inline int16_t See(float v, float inverse) {
  return static_cast<int16_t>(static_cast<int32_t>(RoundSmall(Limit(v * inverse, -128, 127))));
}

constexpr double kHeadroom = 1.4;  ///< of ranges in model files

}  // namespace aecomp_portable
