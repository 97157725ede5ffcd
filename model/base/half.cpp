// IEEE 754 binary16 in integer arithmetic: needs no F16C, gives the same bits everywhere.
#include <bit>
#include <cstdint>

#include "model/base/multiversion.h"
#include "model/base/safetensors.h"

namespace aecomp {

uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return static_cast<uint16_t>(sign | 0x7E00u);   // NaN
  if (magnitude >= 0x477FF000u) return static_cast<uint16_t>(sign | 0x7C00u);  // rounds to 65536 or more: infinity
  if (magnitude < 0x38800000u) {                                               // below 2^-14: a multiple of 2^-24
    // Adding 0.5 puts the last bit of the sum at 2^-24, so the addition itself rounds to nearest even.
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - std::bit_cast<uint32_t>(0.5f)));
  }
  const uint32_t odd = (magnitude >> 13) & 1;
  const uint32_t rounded = magnitude + 0xFFFu + odd;  // a carry moves into the exponent, as it should
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

// Without branches, so that compilers turn loops of it into vector code.
static inline float Convert(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, magnitude = half & 0x7FFFu;
  const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;  // below 2^-14: exponent 0
  const uint32_t rebased = (magnitude << 13) + (112u << 23);
  const uint32_t large = magnitude >= 0x7C00u ? rebased + (112u << 23) : rebased;  // infinity and NaN
  return std::bit_cast<float>(sign | (magnitude < 0x400u ? std::bit_cast<uint32_t>(small) : large));
}

float HalfToFloat(uint16_t half) { return Convert(half); }

AECOMP_MULTIVERSION
void HalvesToFloats(const uint16_t* halves, size_t count, float* floats) {
  for (size_t i = 0; i < count; ++i) floats[i] = Convert(halves[i]);
}

}  // namespace aecomp
