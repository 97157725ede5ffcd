#include "model/entropy/rd_quantiser.h"

#include <algorithm>
#include <cmath>

namespace aecomp {

namespace {

/// How much more an error in y is worth than its energy alone: it also spoils the means that are predicted from it.
/// Chosen on validation images, see train/RECIPE.md; other encoders may choose others, but models are trained with this
/// one.
double ErrorWeight(const Architecture& a, double quality) { return 1.8 + std::min(1.0, quality / a.core_quality()); }

/// Bits that a squared error of 1 in the image's samples (0 .. 1) is worth.
double ErrorPrice(const Architecture& a, double quality) { return 65025 * a.LambdaAt(quality) / a.image_channels; }

}  // namespace

RdQuantiser::RdQuantiser(const CodingTables& tables) : half_bits_(static_cast<size_t>(tables.rows())) {
  for (int row = 0; row < tables.rows(); ++row) {
    Row& prices = half_bits_[static_cast<size_t>(row)];
    prices = {};
    for (int k = 1; k <= std::min(kLevels, tables.bound(row)); ++k) {
      const double rarer = tables.Frequency(row, k - 1) / static_cast<double>(tables.Frequency(row, k));
      prices[static_cast<size_t>(k)] = static_cast<float>(0.5 * std::max(0.0, std::log2(rarer)));
    }
  }
}

std::vector<float> InverseWeights(const Architecture& a, double quality, double thrift,
                                  const std::vector<float>& step) {
  const double price = ErrorWeight(a, quality) * ErrorPrice(a, quality) / thrift;
  std::vector<float> weights;
  for (float s : step) weights.push_back(static_cast<float>(1 / (price * s * s)));
  return weights;
}

}  // namespace aecomp
