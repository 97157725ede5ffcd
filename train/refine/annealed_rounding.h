// Rounding that can be optimised: stochastic Gumbel annealing (Yang, Bamler and Mandt, "Improving Inference for Neural
// Image Compression", arXiv:2006.04240, section 3.2).
//
// A residual r lies between two symbols. Each is drawn with a probability that falls with its distance from r. The draw
// is relaxed to a mixture of both, so that it has a derivative. As the temperature falls, the mixture becomes one of
// the two symbols, and in the end the nearest.
#pragma once

#include <cstdint>

namespace aecomp {

/// A mixture of the symbols `low` and low + 1.
struct MixedSymbol {
  int low = 0;
  float high_share = 0;  ///< of low + 1: 0 .. 1
  float slope = 0;       ///< derivative of the share by r

  float value() const { return static_cast<float>(low) + high_share; }
};

/// temperature: above 0. noise: a draw from the logistic distribution, the difference of two Gumbel draws.
MixedSymbol MixSymbols(float r, float temperature, float noise);

/// The nearest symbol alone.
MixedSymbol NearestSymbol(float r);

/// A draw from the logistic distribution, the same for every pair (seed, index).
float LogisticNoise(uint64_t seed, uint64_t index);

}  // namespace aecomp
