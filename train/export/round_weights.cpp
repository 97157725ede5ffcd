#include "train/export/round_weights.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <dnnl.hpp>
#include <new>
#include <numeric>

namespace aecomp {
namespace {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;

/// How much the fit holds on to the old weights and rounding to the fitted ones, in mean squares of the inputs about
/// their means.
constexpr double kHold = 0.01;
/// Positions that a fit looks at; of more a part of the inputs is left out.
constexpr int64_t kMostPositions = 1 << 16;
constexpr Index kRows = 64;  // of a block

/// Mean products of what positions read, and of that with what they should give; about their means where a bias is to
/// take up the means.
class Moments {
 public:
  Moments(Index reads, Index results, bool about_means)
      : about_means_(about_means),
        products_(FloatMatrix::Zero(reads, reads)),
        crossed_(FloatMatrix::Zero(reads, results)),
        read_(Eigen::VectorXd::Zero(reads)),
        given_(Eigen::RowVectorXd::Zero(results)) {}

  void Add(const std::vector<float>& reads, const std::vector<float>& results) {
    const Index d = read_.size(), out = given_.size(), n = std::ssize(reads) / d;
    bool failed = false;
#pragma omp parallel for schedule(dynamic, 1) reduction(|| : failed)
    for (Index row = 0; row < d; row += kRows) {  // sums do not depend on the number of threads
      const Index rows = std::min(kRows, d - row);
      const float* some = reads.data() + row;
      failed |= dnnl_sgemm('T', 'N', rows, d - row, n, 1, some, d, some, d, 1, &products_(row, row), d) != dnnl_success;
      failed |= dnnl_sgemm('T', 'N', rows, out, n, 1, some, d, results.data(), out, 1, &crossed_(row, 0), out) !=
                dnnl_success;
    }
    if (failed) throw std::bad_alloc();
    read_ += Eigen::Map<const FloatMatrix>(reads.data(), n, d).cast<double>().colwise().sum().transpose();
    given_ += Eigen::Map<const FloatMatrix>(results.data(), n, out).cast<double>().colwise().sum();
    count_ += static_cast<double>(n);
  }

  /// On and above the diagonal.
  DoubleMatrix Products() const {
    DoubleMatrix products = products_.cast<double>() / count_;
    if (about_means_) products.noalias() -= (read_ / count_) * (read_ / count_).transpose();
    return products;
  }
  DoubleMatrix Crossed() const {
    DoubleMatrix crossed = crossed_.cast<double>() / count_;
    if (about_means_) crossed.noalias() -= (read_ / count_) * (given_ / count_);
    return crossed;
  }

 private:
  bool about_means_;
  FloatMatrix products_;  // of the blocks on and above the diagonal
  FloatMatrix crossed_;
  Eigen::VectorXd read_;
  Eigen::RowVectorXd given_;
  double count_ = 0;
};

/// One phase on the way: rows in the order of `rows`.
struct FittedPhase {
  std::vector<Index> rows;
  DoubleMatrix upper;  ///< on and above the diagonal
  DoubleMatrix weights;
};

/// Rows that matter most come last, as RoundInTurn begins there.
FittedPhase Fit(const Moments& moments, const DoubleMatrix& old) {
  const DoubleMatrix products = moments.Products(), crossed = moments.Crossed();
  const Index d = old.rows();
  FittedPhase fitted;
  std::vector<Index>& rows = fitted.rows;
  rows.resize(static_cast<size_t>(old.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  if (!products.allFinite() || !crossed.allFinite()) {
    fitted.weights = old, fitted.upper = DoubleMatrix::Identity(d, d);
    return fitted;
  }
  std::stable_sort(rows.begin(), rows.end(), [&](Index a, Index b) { return products(a, a) < products(b, b); });
  const double hold = std::max(kHold * products.diagonal().mean(), 1e-12);
  fitted.upper = DoubleMatrix::NullaryExpr(d, d, [&](Index i, Index j) {
    const auto [low, high] = std::minmax(rows[static_cast<size_t>(i)], rows[static_cast<size_t>(j)]);
    return products(low, high) + (i == j ? hold : 0);
  });
  const Eigen::LLT<Eigen::Ref<DoubleMatrix>, Eigen::Upper> factors(fitted.upper);  // in place
  if (factors.info() != Eigen::Success) {  // not positive definite: nothing can be fitted
    fitted.weights = old(rows, Eigen::all), fitted.upper = DoubleMatrix::Identity(d, d);
    return fitted;
  }
  fitted.weights = crossed(rows, Eigen::all) + hold * old(rows, Eigen::all);
  factors.solveInPlace(fitted.weights);
  return fitted;
}

}  // namespace

DoubleMatrix RoundInTurn(const DoubleMatrix& upper, const DoubleMatrix& weights, const std::vector<double>& unit,
                         const std::vector<Index>& peak) {
  const Index d = weights.rows(), columns = weights.cols();
  DoubleMatrix rounded(d, columns), lost(d, columns), carried = DoubleMatrix::Zero(d, columns);
  for (Index end = d; end > 0;) {
    const Index begin = std::max<Index>(end - kRows, 0);
    for (Index i = end - 1; i >= begin; --i) {
      const Index below = end - i - 1;
      carried.row(i) += upper.row(i).segment(i + 1, below) * lost.middleRows(i + 1, below);
      for (Index c = 0; c < columns; ++c) {
        const double wanted = (weights(i, c) + carried(i, c) / upper(i, i)) / unit[static_cast<size_t>(c)];
        const bool peaks = peak[static_cast<size_t>(c)] == i;
        const double steps = peaks ? std::copysign(kWeightSteps, weights(i, c))
                                   : std::clamp(std::nearbyint(wanted), -kWeightSteps, kWeightSteps);
        rounded(i, c) = steps * unit[static_cast<size_t>(c)];
        lost(i, c) = weights(i, c) - rounded(i, c);
      }
    }
    carried.topRows(begin).noalias() += upper.block(0, begin, begin, end - begin) * lost.middleRows(begin, end - begin);
    end = begin;
  }
  return rounded;
}

void RoundWeights(const IntegerLayer& layer, bool has_bias, std::span<const Tensor> read,
                  std::span<const Tensor> wanted, Parameter& weight) {
  std::vector<ConvolutionPhase> phases = PhasesOf(layer);
  std::erase_if(phases, [](const ConvolutionPhase& phase) { return phase.taps.empty(); });  // a stride above the kernel
  std::vector<FittedPhase> fitted;
  const auto out = static_cast<size_t>(layer.out);
  std::vector<double> most(out, 1e-9);
  std::vector<size_t> peak_phase(out);
  std::vector<Index> peak_row(out, -1);
  for (const ConvolutionPhase& phase : phases) {
    Moments moments(std::ssize(phase.taps) * layer.in, layer.out, has_bias);
    const int64_t positions = phase.Positions(wanted[0].shape()) * std::ssize(wanted);
    const auto every = static_cast<size_t>(std::max<int64_t>(1, positions / kMostPositions));
    for (size_t i = 0; i < read.size(); i += every) {
      moments.Add(ReadsOf(layer, phase, read[i]), ValuesAt(phase, wanted[i]));
    }
    const DoubleMatrix& weights = fitted.emplace_back(Fit(moments, WeightsOf(layer, phase, weight))).weights;
    for (Index c = 0; c < layer.out; ++c) {
      Index row;
      const auto column = static_cast<size_t>(c);
      const double largest = weights.col(c).cwiseAbs().maxCoeff(&row);
      if (largest > most[column])
        most[column] = largest, peak_phase[column] = fitted.size() - 1, peak_row[column] = row;
    }
  }
  std::vector<double> unit;
  for (const double largest : most) unit.push_back(largest / kWeightSteps);
  for (size_t p = 0; p < phases.size(); ++p) {
    std::vector<Index> peak(out, -1);
    for (size_t c = 0; c < out; ++c) peak[c] = peak_phase[c] == p ? peak_row[c] : -1;
    const DoubleMatrix rounded = RoundInTurn(fitted[p].upper, fitted[p].weights, unit, peak);
    DoubleMatrix in_order(rounded.rows(), rounded.cols());
    in_order(fitted[p].rows, Eigen::all) = rounded;
    SetWeights(layer, phases[p], in_order, weight);
  }
}

}  // namespace aecomp
