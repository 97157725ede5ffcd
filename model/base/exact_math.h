// Functions whose results must be the same bits on every machine: plain IEEE 754 arithmetic, where libraries differ.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace aecomp {

/// exp(x), the same bits on every machine.
inline float ExactExp(float x) {
  if (!(std::fabs(x) < 87)) return std::exp(x);  // a working model has no such numbers
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = x - n * 0.6931471805599453;  // within +-0.35: 13 terms leave 1e-17
  double sum = 1;
  for (int k = 13; k > 0; --k) sum = 1 + r / k * sum;
  return static_cast<float>(std::ldexp(sum, static_cast<int>(n)));
}

/// sign(v) * log(1 + |v|): the form in which the entropy networks see y, as 8 bits suffice for it. Plain arithmetic
/// stands for std::log1p, so that loops become vector code and every machine gets the same bits. The error is below
/// 2e-7 * (1 + result).
inline float Compand(float v) {
  const float a = 1 + std::fabs(v);
  const uint32_t bits = std::bit_cast<uint32_t>(a);
  // a = (1 + m) * 2^e with 1 + m in [sqrt(1/2), sqrt(2)).
  const int32_t e = static_cast<int32_t>(bits - 0x3F3504F3u) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<uint32_t>(e) << 23)) - 1;
  // log(1 + m) = m - m^2/2 + m^3 * p(m): the polynomial of logf in Moshier's Cephes library.
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f, p = p * m + 1.1676998740e-1f, p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f, p = p * m - 1.6668057665e-1f, p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f, p = p * m + 3.3333331174e-1f;
  const float square = m * m;
  const float log = m + (square * (m * p) - 0.5f * square) + 0.693147181f * static_cast<float>(e);
  return std::copysign(log, v);
}

/// Room above the largest values that calibration saw, as a factor of the range that integers cover. Calibration sees
/// few images, and clipping costs far more than the fraction of a bit that the room takes.
inline constexpr double kIntegerHeadroom = 1.4;

}  // namespace aecomp
