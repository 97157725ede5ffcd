#include "train/refine/annealed_rounding.h"

#include <algorithm>
#include <cmath>

#include "train/random_bits.h"

namespace aecomp {
namespace {

constexpr float kMargin = 1e-3f;  // from a symbol itself, where the derivative of atanh is infinite

}  // namespace

MixedSymbol MixSymbols(float r, float temperature, float noise) {
  const float low = std::floor(r);
  const float above = std::clamp(r - low, kMargin, 1 - kMargin), below = 1 - above;
  // The logarithm of the odds of the upper symbol, and its derivative by r.
  const float odds = (std::atanh(above) - std::atanh(below)) / temperature;
  const float d_odds = (1 / (1 - above * above) + 1 / (1 - below * below)) / temperature;
  const float share = 1 / (1 + std::exp(-(odds + noise) / temperature));
  return {static_cast<int>(low), share, share * (1 - share) / temperature * d_odds};
}

MixedSymbol NearestSymbol(float r) { return {static_cast<int>(std::lrint(r)), 0, 0}; }

float LogisticNoise(uint64_t seed, uint64_t index) {
  const float u = std::clamp(UniformNoise(seed, index) + 0.5f, 1e-6f, 1 - 1e-6f);
  return std::log(u / (1 - u));
}

}  // namespace aecomp
