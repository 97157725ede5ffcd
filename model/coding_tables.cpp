#include "model/coding_tables.h"

#include <algorithm>
#include <cmath>

#include "io/rans.h"

namespace aecomp {
namespace {

constexpr int kTotal = 1 << CodingTables::kPrecisionBits;
constexpr int kYMaxBound = 1023;

/// Adds `difference` units, one at a time, to the value that is most frequent at that moment: there a unit changes
/// least. The row stays symmetric.
void Spread(FrequencyRow& row, int bound, int difference) {
  const int unit = difference > 0 ? 1 : -1;
  const auto add = [&](int index) {
    auto& f = row[static_cast<size_t>(index)];
    f = static_cast<uint16_t>(f + unit);
    difference -= unit;
  };
  while (difference != 0) {
    const auto upper = row.begin() + bound;  // value 0
    const int v = static_cast<int>(std::max_element(upper, row.end() - 1) - upper);
    const bool pair = v != 0 && std::abs(difference) > 1;
    if (pair) add(bound - v);
    add(pair ? bound + v : bound);
  }
}

/// A symmetric distribution as frequencies that sum to 2^16, each at least 1. tail(x): P(X > x), x >= 0. Values rarer
/// than half a unit go to the escape symbol: given a whole unit each they would take more from the others than an
/// escape costs.
template <class Tail>
FrequencyRow Discretise(Tail tail, int max_bound) {
  const auto probability = [&](int v) { return tail(v - 0.5) - tail(v + 0.5); };  // v > 0
  const auto units = [](double p) { return std::max<int>(1, static_cast<int>(std::lround(p * kTotal))); };
  int bound = 1;
  while (bound < max_bound && kTotal * probability(bound + 1) >= 0.5) ++bound;

  FrequencyRow row(static_cast<size_t>(2 * bound + 2));
  int sum = 0;
  const auto set = [&](int index, double p) {
    const int f = units(p);
    row[static_cast<size_t>(index)] = static_cast<uint16_t>(f);
    sum += f;
  };
  set(bound, 1 - 2 * tail(0.5));
  for (int v = 1; v <= bound; ++v) {
    set(bound - v, probability(v));
    set(bound + v, probability(v));
  }
  set(2 * bound + 1, 2 * tail(bound + 0.5));
  Spread(row, bound, kTotal - sum);
  return row;
}

double ZSpacing() { return std::log(kZScaleLast / kZScaleFirst) / (kZRows - 1); }

}  // namespace

// kSigmaCoded is half a row below row 1, kSigmaMax is the last row.
double YRowSpacing() { return std::log(kSigmaMax / kSigmaCoded) / (kYRows - 1.5); }

double YSigma(int row) { return kSigmaCoded * std::exp((row - 0.5) * YRowSpacing()); }

double YIndex256(double log_sigma) { return 256 * (0.5 + (log_sigma - std::log(kSigmaCoded)) / YRowSpacing()); }

std::vector<FrequencyRow> YFrequencies() {
  std::vector<FrequencyRow> rows;
  for (int r = 0; r < kYRows; ++r) {
    const double scale = 1 / (YSigma(std::max(r, 1)) * std::sqrt(2.0));
    rows.push_back(Discretise([&](double x) { return 0.5 * std::erfc(x * scale); }, kYMaxBound));
  }
  return rows;
}

double ZScale(int row) { return kZScaleFirst * std::exp(row * ZSpacing()); }

int ZRow(double scale) {
  const double row = std::log(std::max(scale, 1e-6) / kZScaleFirst) / ZSpacing();
  return std::clamp(static_cast<int>(std::lround(row)), 0, kZRows - 1);
}

std::vector<FrequencyRow> ZFrequencies() {
  std::vector<FrequencyRow> rows;
  for (int r = 0; r < kZRows; ++r) {
    const double scale = ZScale(r);
    rows.push_back(Discretise([&](double x) { return 1 / (1 + std::exp(x / scale)); }, kZMax));
  }
  return rows;
}

std::vector<FrequencyRow> FactorizedFrequencies() {
  std::vector<FrequencyRow> rows;
  for (int shape = 0; shape < kFactorizedShapes; ++shape) {
    for (int r = 0; r < kFactorizedScales; ++r) {
      const double deviation =
          kFactorizedFirst * std::pow(kFactorizedLast / kFactorizedFirst, double{1} * r / (kFactorizedScales - 1));
      const double logistic = deviation * std::sqrt(3.0) / M_PI, laplace = deviation / std::sqrt(2.0);
      const double root = deviation / std::sqrt(120.0);
      const auto tail = [&](double x) {
        if (shape == 0) return 1 / (1 + std::exp(x / logistic));
        if (shape == 1) return 0.5 * std::exp(-x / laplace);
        const double u = std::sqrt(x / root);
        return 0.5 * (1 + u) * std::exp(-u);
      };
      rows.push_back(Discretise(tail, kYMaxBound));
    }
  }
  return rows;
}

}  // namespace aecomp
