// Random numbers from counters: the same for every number of threads and in every run.
#pragma once

#include <cstdint>

namespace aecomp {

/// Independent random bits for every pair (seed, index): splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
inline uint64_t MixBits(uint64_t seed, uint64_t index) {
  uint64_t v = seed + (index + 1) * 0x9E3779B97F4A7C15ull;
  v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9ull;
  v = (v ^ (v >> 27)) * 0x94D049BB133111EBull;
  return v ^ (v >> 31);
}

/// Uniform in [-1/2, 1/2).
inline float UniformNoise(uint64_t seed, uint64_t index) {
  return static_cast<float>(MixBits(seed, index - 1) >> 40) * 0x1p-24f - 0.5f;
}

}  // namespace aecomp
