#include "model/filter/filter_choice.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "model/filter/filter_stream.h"

namespace aecomp {
namespace {

constexpr int kTerms = FilterStatistics::kTerms;
constexpr size_t kPairs = kFilterPairs;
constexpr double kRidge = 1e-4;  // of the mean square of the terms
constexpr double kSetBits = 4;   // of naming the filter of one more set of classes
/// A fit looks better on what it was fitted to than it is: by the error of one sample for each weight and sample that
/// is alone in its error. Errors of the three colours of about two pixels are alike.
constexpr double kAlike = 6;
constexpr int kMostShift = 3;

using Vector = std::array<double, kPairs>;

struct Price {
  double of_error;  ///< in bits, of each squared error of the statistics
  double strength;  ///< as in FilterGoal
};

/// Classes that share a filter, or have none.
struct Set {
  uint64_t classes = 0;  ///< bits
  double samples = 0;
  std::array<double, kTerms * kTerms> products{};  ///< [kTerms, kTerms], symmetric
  double cost = 0;                                 ///< in bits, against no filter
  bool filtered = false;
  PictureFilter::Weights weights{};
};

/// A x = b for a symmetric A of positive eigenvalues; false where it has none.
bool Solve(std::array<Vector, kPairs>& a, Vector& b) {
  for (size_t i = 0; i < kPairs; ++i) {  // Cholesky: A = L L'
    for (size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (size_t k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      if (i == j) {
        if (!(sum > 0)) return false;
        a[i][i] = std::sqrt(sum);
      } else {
        a[i][j] = sum / a[j][j];
      }
    }
  }
  for (size_t i = 0; i < kPairs; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (size_t i = kPairs; i-- > 0;) {
    for (size_t k = i + 1; k < kPairs; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return true;
}

/// The weights of least error, as parts of 1.
bool LeastSquares(const Set& set, Vector& weights) {
  std::array<Vector, kPairs> a;
  double trace = 0;
  for (size_t i = 0; i < kPairs; ++i) trace += set.products[i * kTerms + i];
  if (trace <= 0) return false;
  for (size_t i = 0; i < kPairs; ++i) {
    for (size_t j = 0; j < kPairs; ++j) a[i][j] = set.products[i * kTerms + j];
    a[i][i] += kRidge * trace / kFilterPairs;
    weights[i] = set.products[i * kTerms + kPairs];
  }
  return Solve(a, weights);
}

PictureFilter::Weights Rounded(const Vector& weights, int shift) {
  constexpr double kUnits = 1 << kFilterShift;
  const double sum =
      std::accumulate(weights.begin(), weights.end(), 0.0, [](double s, double w) { return s + std::fabs(w); });
  // Rounding may add half a unit to each.
  const double most = (kMostFilterWeight - kFilterPairs * (1 << shift) / 2.0) / kUnits,
               scale = std::min(1.0, most / sum);
  PictureFilter::Weights rounded{};
  for (size_t k = 0; k < kPairs; ++k) {
    rounded[k] = static_cast<int16_t>(std::lround(weights[k] * scale * kUnits / (1 << shift)) * (1 << shift));
  }
  return rounded;
}

/// How much squared error the weights add to the samples of the set.
double ErrorOf(const Set& set, const PictureFilter::Weights& weights) {
  Vector w;
  for (size_t k = 0; k < kPairs; ++k) w[k] = weights[k] / static_cast<double>(1 << kFilterShift);
  double error = 0;
  for (size_t i = 0; i < kPairs; ++i) {
    double sum = -2 * set.products[i * kTerms + kPairs];
    for (size_t j = 0; j < kPairs; ++j) sum += set.products[i * kTerms + j] * w[j];
    error += w[i] * sum;
  }
  return error;
}

/// Finds the filter of a set, or that it is better without.
void Fit(Set& set, const Price& price) {
  Vector weights;
  set.cost = 0, set.filtered = false;
  if (set.samples <= 0 || !LeastSquares(set, weights)) return;
  for (double& w : weights) w *= price.strength;
  const double flattery = 2 * price.strength * kFilterPairs * kAlike * set.products[kTerms * kTerms - 1] / set.samples;
  for (int shift = 0; shift <= kMostShift; ++shift) {
    const PictureFilter::Weights rounded = Rounded(weights, shift);
    const double cost = price.of_error * (ErrorOf(set, rounded) + flattery) + BestCode(rounded, shift).bits + kSetBits;
    if (cost >= set.cost) continue;
    set.cost = cost, set.filtered = true, set.weights = rounded;
  }
}

Set Joined(const Set& a, const Set& b, const Price& price) {
  Set both = a;
  both.classes |= b.classes, both.samples += b.samples;
  for (size_t i = 0; i < both.products.size(); ++i) both.products[i] += b.products[i];
  Fit(both, price);
  return both;
}

/// Classes whose level is next to these, in the same direction, or whose level is the same.
uint64_t Neighbours(uint64_t classes) {
  uint64_t found = 0;
  for (int c = 0; c < kFilterClasses; ++c) {
    if ((classes >> c & 1) == 0) continue;
    const int level = c % kFilterLevels;
    if (level > 0) found |= uint64_t{1} << (c - 1);
    if (level + 1 < kFilterLevels) found |= uint64_t{1} << (c + 1);
    for (int other = level; other < kFilterClasses; other += kFilterLevels) found |= uint64_t{1} << other;
  }
  return found;
}

std::vector<Set> SetsOf(const FilterStatistics& statistics, const Price& price) {
  std::vector<Set> sets;
  for (int c = 0; c < kFilterClasses; ++c) {
    Set set;
    set.classes = uint64_t{1} << c;
    set.samples = static_cast<double>(statistics.samples(c));
    for (size_t i = 0; i < kTerms; ++i) {
      for (size_t j = 0; j < kTerms; ++j) {
        set.products[i * kTerms + j] =
            static_cast<double>(statistics.products(c)[std::min(i, j) * kTerms + std::max(i, j)]);
      }
    }
    Fit(set, price);
    sets.push_back(set);
  }
  return sets;
}

/// Joins the two sets that gain most by it, again and again.
void JoinSets(std::vector<Set>& sets, const Price& price) {
  struct Pair {
    size_t a, b;
    double gain;
    Set joined;
  };
  std::vector<Pair> pairs;
  const auto consider = [&](size_t a, size_t b) {
    if (a == b || sets[a].classes == 0 || sets[b].classes == 0) return;
    if ((Neighbours(sets[a].classes) & sets[b].classes) == 0) return;
    Set joined = Joined(sets[a], sets[b], price);
    pairs.push_back({a, b, sets[a].cost + sets[b].cost - joined.cost, std::move(joined)});
  };
  for (size_t a = 0; a < sets.size(); ++a) {
    for (size_t b = a + 1; b < sets.size(); ++b) consider(a, b);
  }
  const auto filters = [&] { return std::count_if(sets.begin(), sets.end(), [](const Set& s) { return s.filtered; }); };
  while (!pairs.empty()) {
    const auto best =
        std::max_element(pairs.begin(), pairs.end(), [](const Pair& p, const Pair& q) { return p.gain < q.gain; });
    if (best->gain < 0 && filters() <= kMostFilters) return;
    const size_t a = best->a, b = best->b;
    sets[a] = std::move(best->joined);
    sets[b] = {};
    std::erase_if(pairs, [&](const Pair& p) { return p.a == a || p.b == a || p.a == b || p.b == b; });
    for (size_t other = 0; other < sets.size(); ++other) consider(a, other);
  }
}

}  // namespace

std::optional<PictureFilter> ChooseFilter(const FilterStatistics& statistics, double samples, const FilterGoal& goal) {
  double seen = 0;
  for (int c = 0; c < kFilterClasses; ++c) seen += static_cast<double>(statistics.samples(c));
  if (seen <= 0) return std::nullopt;
  const Price price{goal.bits_per_error * statistics.unit() * samples / seen, goal.strength};
  std::vector<Set> sets = SetsOf(statistics, price);
  JoinSets(sets, price);
  PictureFilter filter;
  double cost = goal.overhead;
  for (const Set& set : sets) {
    if (!set.filtered) continue;
    filter.filters.push_back(set.weights);
    cost += set.cost;
    for (size_t c = 0; c < kFilterClasses; ++c) {
      if ((set.classes >> c & 1) != 0) filter.number[c] = static_cast<uint8_t>(filter.filters.size());
    }
  }
  if (filter.filters.empty() || filter.filters.size() > kMostFilters || cost >= 0) return std::nullopt;
  return filter;
}

}  // namespace aecomp
