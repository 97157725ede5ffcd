// What the training of both kinds of priors shares: tables with a row for each lambda, noise.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "model/base/parameters.h"

namespace aecomp {

/// Uniform in [-1/2, 1/2) from a counter: the same noise for every number of threads.
inline float Noise(uint64_t seed, uint64_t index) {
  uint64_t v = seed + index * 0x9E3779B97F4A7C15ull;  // splitmix64 (Steele et al. 2014)
  v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9ull;
  v = (v ^ (v >> 27)) * 0x94D049BB133111EBull;
  return static_cast<float>((v ^ (v >> 31)) >> 40) * 0x1p-24f - 0.5f;
}

/// Where an image's quality lies between two rows of a per-quality table [Q, C], and that table's value there.
struct Position {
  size_t row = 0;
  float t = 0;
};
/// quality in 1/16 steps, of a table of `rows` rows.
inline Position PositionOf(float quality, size_t rows) {
  const float q = quality / 16;
  const size_t row = std::min(static_cast<size_t>(q), rows - 2);
  return {row, q - static_cast<float>(row)};
}

inline std::vector<float> Interpolate(const Parameter& table, const Position& p, bool exponential) {
  const size_t channels = static_cast<size_t>(table.dims[1]);
  const float *lo = table.value.data() + p.row * channels, *hi = lo + channels;
  std::vector<float> result(channels);
  for (size_t c = 0; c < channels; ++c) {
    const float v = lo[c] * (1 - p.t) + hi[c] * p.t;
    result[c] = exponential ? std::exp(v) : v;
  }
  return result;
}

inline void AddToTable(Parameter& table, const Position& p, const std::vector<double>& gradient) {
  const size_t channels = static_cast<size_t>(table.dims[1]);
  float *lo = table.grad.data() + p.row * channels, *hi = lo + channels;
  for (size_t c = 0; c < channels; ++c) {
    lo[c] += static_cast<float>(gradient[c] * (1 - p.t));
    hi[c] += static_cast<float>(gradient[c] * p.t);
  }
}

}  // namespace aecomp
