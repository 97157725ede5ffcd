#include "train/optimiser/soap.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>
#include <utility>

#include "train/optimiser/adam.h"

namespace aecomp {
namespace {

std::vector<float> Normal(int64_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(size));
  for (float& v : values) v = normal(generator);
  return values;
}

/// Gradients whose rows, columns and taps are correlated: noise that is smoothed along all three.
std::vector<float> Smooth(const std::vector<int64_t>& dims, unsigned seed) {
  const int64_t a = dims[0], b = dims[1], k = dims[2];
  std::vector<float> g = Normal(a * b * k, seed);
  for (const auto& [stride, count] : {std::pair{b * k, a}, {k, b}, {int64_t{1}, k}}) {
    for (int64_t i = 0; i < a * b * k; ++i) {
      if (i / stride % count > 0) g[static_cast<size_t>(i)] += 0.8f * g[static_cast<size_t>(i - stride)];
    }
  }
  return g;
}

/// After `turns` turns, each after ten gradients.
SoapBasis Turned(const std::vector<int64_t>& dims, int turns) {
  SoapBasis basis(dims);
  std::vector<float> rotated(static_cast<size_t>(basis.size())), m(rotated.size(), 0.f), v(rotated.size(), 1.f);
  for (int turn = 0; turn < turns; ++turn) {
    for (int i = 0; i < 10; ++i) {
      basis.Observe(Smooth(dims, static_cast<unsigned>(10 * turn + i)).data(), rotated.data());
    }
    basis.Turn(m.data(), v.data());
  }
  return basis;
}

TEST(SoapTest, RotatesThereAndBack) {
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{5, 7, 9}, {1, 6, 4}, {6, 1, 4}, {4, 5, 1}, {3, SoapBasis::kMostDimensions + 1, 2}}) {
    SoapBasis basis = Turned(dims, 3);
    const std::vector<float> x = Normal(basis.size(), 99);
    std::vector<float> rotated(x.size()), back(x.size());
    basis.Observe(x.data(), rotated.data());
    double before = 0, after = 0;
    for (size_t i = 0; i < x.size(); ++i) before += double{x[i]} * x[i], after += double{rotated[i]} * rotated[i];
    EXPECT_NEAR(after / before, 1, 1e-4);
    basis.RotateBack(rotated.data(), back.data());
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(back[i], x[i], 1e-4) << dims[0] << "x" << dims[1] << " at " << i;
  }
}

TEST(SoapTest, TurnsToTheEigenvectors) {
  SoapBasis basis = Turned({8, 6, 9}, 30);
  for (const SoapBasis::Space& space : basis.spaces()) {
    const int64_t n = space.dimensions;
    const auto product = [&](int64_t i, int64_t j) {  // of basis^T average basis
      double sum = 0;
      for (int64_t r = 0; r < n; ++r) {
        for (int64_t c = 0; c < n; ++c) {
          sum += double{space.basis[static_cast<size_t>(r * n + i)]} * space.average[static_cast<size_t>(r * n + c)] *
                 space.basis[static_cast<size_t>(c * n + j)];
        }
      }
      return sum;
    };
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < i; ++j) {
        EXPECT_LT(std::fabs(product(i, j)), 0.15 * std::sqrt(product(i, i) * product(j, j)))
            << n << ": " << i << ", " << j;
      }
    }
    EXPECT_GT(product(0, 0), 4 * product(n - 1, n - 1));
  }
}

/// Moments are kept through a turn: m as a vector that does not move, v by its vectors.
TEST(SoapTest, TurnsWhatIsKeptInIt) {
  const std::vector<int64_t> dims = {6, 5, 4};
  SoapBasis basis = Turned(dims, 2);
  std::vector<float> m = Normal(basis.size(), 7), v(m.size(), 0.5f), before(m.size()), after(m.size());
  std::vector<float> scratch = m;
  basis.RotateBack(scratch.data(), before.data());
  basis.Turn(m.data(), v.data());
  scratch = m;
  basis.RotateBack(scratch.data(), after.data());
  for (size_t i = 0; i < m.size(); ++i) ASSERT_NEAR(before[i], after[i], 1e-4);
  for (float value : v) EXPECT_EQ(value, 0.5f);
}

/// |A W B - C|^2 where A and B mix the weights: what is hard for Adam by element and easy in the right basis.
class Problem {
 public:
  static constexpr int64_t kRows = 24, kColumns = 20;

  /// Loss after `steps` steps on a parameter of that name.
  double Solve(const std::string& name, int steps, int threads) const {
    omp_set_num_threads(threads);
    Parameters parameters;
    Parameter& p = parameters.FindOrAdd(name, {kRows, kColumns, 1, 1});
    p.grad.assign(p.value.size(), 0.f);
    Adam adam(parameters, {});
    double loss = 0;
    for (int i = 0; i < steps; ++i) {
      const Eigen::Map<Matrix> value(p.value.data(), kRows, kColumns);
      const Matrix error = a_ * value * b_ - target_;
      loss = error.squaredNorm();
      Eigen::Map<Matrix>(p.grad.data(), kRows, kColumns) = 2 * a_.transpose() * error * b_.transpose();
      EXPECT_TRUE(std::isfinite(adam.Step(0.1 * (steps - i) / steps, 1e9)));
    }
    return loss;
  }

 private:
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// A smoothing that halves with each step of distance: its condition number is about 9.
  static Matrix Mix(int64_t size) {
    return Matrix::NullaryExpr(
        size, size, [](int64_t i, int64_t j) { return std::pow(0.5f, static_cast<float>(std::abs(i - j))); });
  }

  const Matrix a_ = Mix(kRows), b_ = Mix(kColumns);
  const Matrix target_ = Eigen::Map<const Matrix>(Normal(kRows * kColumns, 5).data(), kRows, kColumns);
};

TEST(SoapTest, NeedsFewerStepsThanAdamByElement) {
  const Problem problem;
  const double in_basis = problem.Solve("layer.weight", 300, 1), by_element = problem.Solve("table", 300, 1);
  EXPECT_LT(in_basis, 0.5 * by_element) << by_element;
}

TEST(SoapTest, IsTheSameForEveryNumberOfThreads) {
  const Problem problem;
  EXPECT_EQ(problem.Solve("layer.weight", 60, 1), problem.Solve("layer.weight", 60, 2));
}

}  // namespace
}  // namespace aecomp
