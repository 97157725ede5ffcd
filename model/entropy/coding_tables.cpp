#include "model/entropy/coding_tables.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

/// A symmetric distribution as frequencies that sum to 2^16, each at least 1. at(v): P(X = v), v >= 0; beyond(v):
/// P(|X| > v). Values rarer than half a unit go to the escape symbol: given a whole unit each they would take more from
/// the others than an escape costs.
template <class At, class Beyond>
FrequencyRow ToFrequencies(At at, Beyond beyond, int max_bound) {
  const auto units = [](double p) { return std::clamp(static_cast<int>(std::lround(p * kTotal)), 1, kTotal - 1); };
  int bound = 1;
  while (bound < max_bound && kTotal * at(bound + 1) >= 0.5) ++bound;

  FrequencyRow row(static_cast<size_t>(2 * bound + 2));
  int sum = 0;
  const auto set = [&](int index, double p) {
    const int f = units(p);
    row[static_cast<size_t>(index)] = static_cast<uint16_t>(f);
    sum += f;
  };
  set(bound, at(0));
  for (int v = 1; v <= bound; ++v) {
    set(bound - v, at(v));
    set(bound + v, at(v));
  }
  set(2 * bound + 1, beyond(bound));
  if (row.back() == *std::max_element(row.begin(), row.end())) {
    row.back() = static_cast<uint16_t>(row.back() + kTotal - sum);
  } else {
    Spread(row, bound, kTotal - sum);
  }
  return row;
}

/// The same for tail(x): P(X > x), x >= 0, of a continuous distribution.
template <class Tail>
FrequencyRow Discretise(Tail tail, int max_bound) {
  const auto at = [&](int v) { return v == 0 ? 1 - 2 * tail(0.5) : tail(v - 0.5) - tail(v + 0.5); };
  return ToFrequencies(
      at, [&](int v) { return 2 * tail(v + 0.5); }, max_bound);
}

double GaussianTail(double x, double sigma) { return 0.5 * std::erfc(x / (sigma * std::sqrt(2.0))); }

/// Of the magnitudes 0 .. kMost: the Gaussian of a row, and something for the tails.
std::vector<double> PriorOfRow(int row) {
  const double sigma = YSigma(row);
  const auto tail = [&](double x) { return 0.99 * GaussianTail(x, sigma) + 0.01 * GaussianTail(x, 2.5 * sigma); };
  std::vector<double> p{1 - 2 * tail(0.5)};
  for (int v = 1; v < SymbolCounts::kMost; ++v) p.push_back(2 * (tail(v - 0.5) - tail(v + 0.5)));
  p.push_back(2 * tail(SymbolCounts::kMost - 0.5));
  return p;
}

/// A row for magnitudes that occurred so often: the prior, times how much more often the values of a bin occurred than
/// it says. Bins grow with the magnitude, so that many values need not all have been seen.
FrequencyRow FitRow(int row, const std::vector<double>& counts) {
  constexpr double kTrust = 32;  // as many values as the prior is worth
  const std::vector<double> prior = PriorOfRow(row);
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<double> p(prior.size());
  for (size_t begin = 0, end; begin < p.size(); begin = end) {
    end = std::min(p.size(), std::max(begin + 1, begin + begin / 5));
    double expected = 0, seen = 0;
    for (size_t v = begin; v < end; ++v) expected += prior[v], seen += counts[v];
    const bool foreseen = expected > 1e-12;
    const double ratio = foreseen ? (seen / expected + kTrust) / (total + kTrust) : 1 / (total + kTrust);
    for (size_t v = begin; v < end; ++v) p[v] = ratio * (foreseen ? prior[v] : counts[v]);
  }
  const auto at = [&](int v) { return v == 0 ? p[0] : p[static_cast<size_t>(v)] / 2; };
  const auto beyond = [&](int v) { return std::accumulate(p.begin() + v + 1, p.end(), 0.0); };
  return ToFrequencies(at, beyond, kYMaxBound);
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
    const double sigma = YSigma(std::max(r, 1));
    rows.push_back(Discretise([&](double x) { return GaussianTail(x, sigma); }, kYMaxBound));
  }
  return rows;
}

std::vector<FrequencyRow> FitYFrequencies(std::span<const SymbolCounts> counts) {
  std::vector<FrequencyRow> rows = YFrequencies();
  // High rates have far more symbols than low ones, which have more to gain: they share the tables half way.
  std::vector<double> weights;
  for (const SymbolCounts& quality : counts) {
    double coded = 0;
    for (size_t r = 0; r < quality.kinds(); ++r) {
      for (const int32_t n : quality.kind(r).subspan(1)) coded += n;
    }
    weights.push_back(1 / std::sqrt(std::max(coded, 1.0)));
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  for (int r = 1; r < kYRows; ++r) {
    std::vector<double> sum(SymbolCounts::kMost + 1);
    for (size_t q = 0; q < counts.size(); ++q) {
      const auto seen = counts[q].kind(static_cast<size_t>(r));
      for (size_t v = 0; v < sum.size(); ++v) sum[v] += weights[q] / largest * seen[v];
    }
    rows[static_cast<size_t>(r)] = FitRow(r, sum);
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
