#include "model/entropy/rate_estimate.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace aecomp {
namespace {

constexpr double kProbabilityMin = 1e-9;

double Bits(double probability) { return -std::log2(std::max(probability, kProbabilityMin)); }

}  // namespace

// Both take differences of upper tails, which stay accurate where the tails are small.
double GaussianSymbolBits(int symbol, double sigma) {
  const double v = std::abs(symbol), scale = 1 / (sigma * std::sqrt(2.0));
  return Bits(0.5 * (std::erfc((v - 0.5) * scale) - std::erfc((v + 0.5) * scale)));
}

double LogisticSymbolBits(int symbol, double scale) {
  const double v = std::abs(symbol);
  const auto tail = [&](double x) { return 1 / (1 + std::exp(x / scale)); };
  return Bits(tail(v - 0.5) - tail(v + 0.5));
}

}  // namespace aecomp
