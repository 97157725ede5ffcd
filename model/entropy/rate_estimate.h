// The cost of symbols under the float entropy model, with continuous sigma and scale: the yardstick for real files.
#pragma once

#include <cstdint>

namespace aecomp {

/// -log2 of the mass of a zero-mean Gaussian in [symbol - 1/2, symbol + 1/2], at most -log2(1e-9).
double GaussianSymbolBits(int symbol, double sigma);
/// The same for a zero-mean logistic.
double LogisticSymbolBits(int symbol, double scale);

}  // namespace aecomp
