// The constants of multi-scale structural similarity, for the measure (io/metrics.h) and for training's loss.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace aecomp {

/// Exponents from the finest scale to the coarsest (Wang, Simoncelli and Bovik, Asilomar 2003, table 1).
inline constexpr std::array<double, 5> kMsSsimExponents = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
/// Side of the Gaussian window in pixels, and its standard deviation.
inline constexpr int kMsSsimWindow = 11;
inline constexpr double kMsSsimSigma = 1.5;
/// C1 = (0.01 peak)^2 and C2 = (0.03 peak)^2 keep the quotients finite.
inline constexpr double kMsSsimK1 = 0.01, kMsSsimK2 = 0.03;

/// How many of the five scales hold a whole window; at least 1.
inline int MsSsimScales(int width, int height) {
  int scales = 1;
  while (scales < 5 && std::min(width, height) >> scales >= kMsSsimWindow) ++scales;
  return scales;
}

/// The exponent of a scale where `scales` are used: rescaled to the sum of all five.
inline double MsSsimExponent(int scale, int scales) {
  double all = 0, used = 0;
  for (int s = 0; s < 5; ++s) {
    const double exponent = kMsSsimExponents[static_cast<size_t>(s)];
    all += exponent, used += s < scales ? exponent : 0;
  }
  return kMsSsimExponents[static_cast<size_t>(scale)] * all / used;
}

/// A row of the separable Gaussian window; its sum is 1.
inline std::vector<float> GaussianWindow(int size) {
  std::vector<double> window(static_cast<size_t>(size));
  double sum = 0;
  for (int i = 0; i < size; ++i) {
    const double d = i - (size - 1) / 2.0;
    sum += window[static_cast<size_t>(i)] = std::exp(-d * d / (2 * kMsSsimSigma * kMsSsimSigma));
  }
  std::vector<float> scaled;
  for (const double w : window) scaled.push_back(static_cast<float>(w / sum));
  return scaled;
}

}  // namespace aecomp
