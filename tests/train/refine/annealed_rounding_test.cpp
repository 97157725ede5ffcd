#include "train/refine/annealed_rounding.h"

#include <gtest/gtest.h>

#include <cmath>

namespace aecomp {
namespace {

TEST(AnnealedRounding, SlopeIsTheDerivativeOfTheValue) {
  constexpr float kStep = 1e-3f;
  for (const float temperature : {0.5f, 0.2f}) {
    for (const float noise : {-1.f, 0.f, 0.7f}) {
      for (const float r : {-3.3f, -0.5f, 0.2f, 0.61f, 7.9f}) {
        const float difference =
            (MixSymbols(r + kStep, temperature, noise).value() - MixSymbols(r - kStep, temperature, noise).value()) /
            (2 * kStep);
        EXPECT_NEAR(MixSymbols(r, temperature, noise).slope, difference, 0.01f + 0.01f * difference) << r;
      }
    }
  }
}

TEST(AnnealedRounding, ColdMixturesAreTheNearestSymbol) {
  for (float r = -2.95f; r < 3; r += 0.1f) {
    EXPECT_NEAR(MixSymbols(r, 0.03f, 0).value(), NearestSymbol(r).value(), 1e-3f) << r;
  }
}

TEST(AnnealedRounding, DrawsAreMoreOftenNear) {
  int upper = 0;
  constexpr int kDraws = 20000;
  for (uint64_t i = 0; i < kDraws; ++i) upper += MixSymbols(0.8f, 0.5f, LogisticNoise(1, i)).high_share > 0.5f;
  const double odds = (std::atanh(0.8) - std::atanh(0.2)) / 0.5;
  EXPECT_NEAR(upper / static_cast<double>(kDraws), 1 / (1 + std::exp(-odds)), 0.01);
}

}  // namespace
}  // namespace aecomp
