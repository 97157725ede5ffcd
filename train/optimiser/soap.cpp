#include "train/optimiser/soap.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <dnnl.hpp>
#include <new>
#include <numeric>

namespace aecomp {
namespace {

constexpr float kAverageDecay = 0.99f;

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Map = Eigen::Map<Matrix>;

/// Computes c [m, n] = alpha a b + beta c, in row-major order; a is transposed if `ta`, b if `tb`. Uses one thread
/// inside a parallel region.
void Multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, const float* b,
              float beta, float* c) {
  const dnnl_status_t status =
      dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a, ta ? m : k, b, tb ? k : n, beta, c, n);
  if (status != dnnl_success) throw std::bad_alloc();
}

/// [a, b, k] to [b, a, k].
void Swap(int64_t a, int64_t b, int64_t k, const float* x, float* y) {
  for (int64_t j = 0; j < b; ++j) {
    for (int64_t i = 0; i < a; ++i) std::copy_n(x + (i * b + j) * k, k, y + (j * a + i) * k);
  }
}

std::vector<float>& Scratch(int which, int64_t size) {
  thread_local std::array<std::vector<float>, 3> buffers;
  std::vector<float>& buffer = buffers[static_cast<size_t>(which)];
  if (std::ssize(buffer) < size) buffer.resize(static_cast<size_t>(size));
  return buffer;
}

/// Turns the basis of a space, largest eigenvalues first. order: the place of each vector before the turn, as far as
/// there is one.
void TurnSpace(SoapBasis::Space& space, bool first, std::vector<int64_t>& order, std::vector<float>& eigenvalues) {
  const int64_t n = space.dimensions;
  order.resize(static_cast<size_t>(n)), eigenvalues.assign(static_cast<size_t>(n), 1.f);
  std::iota(order.begin(), order.end(), 0);
  if (space.basis.empty()) return;
  const Map average(space.average.data(), n, n);
  Map basis(space.basis.data(), n, n);
  if (first) {
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(average);  // smallest first
    basis = solver.eigenvectors().rowwise().reverse();
    for (int64_t i = 0; i < n; ++i)
      eigenvalues[static_cast<size_t>(i)] = std::max(0.f, solver.eigenvalues()[n - 1 - i]);
    return;
  }
  Matrix product(n, n);
  Multiply(false, false, n, n, n, 1, space.average.data(), space.basis.data(), 0, product.data());
  for (int64_t i = 0; i < n; ++i) eigenvalues[static_cast<size_t>(i)] = basis.col(i).dot(product.col(i));
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return eigenvalues[static_cast<size_t>(a)] > eigenvalues[static_cast<size_t>(b)];
  });
  Matrix sorted(n, n);
  for (int64_t i = 0; i < n; ++i) sorted.col(i) = product.col(order[static_cast<size_t>(i)]);
  const Eigen::HouseholderQR<Eigen::Ref<Matrix>> qr(sorted);
  basis = qr.householderQ() * Matrix::Identity(n, n);
}

}  // namespace

SoapBasis::SoapBasis(const std::vector<int64_t>& dims) {
  spaces_[0].dimensions = dims[0], spaces_[1].dimensions = dims[1];
  for (size_t i = 2; i < dims.size(); ++i) spaces_[2].dimensions *= dims[i];
  for (Space& space : spaces_) {
    const int64_t n = space.dimensions;
    if (n == 1 || n > kMostDimensions) continue;
    space.average.assign(static_cast<size_t>(n * n), 0.f);
    space.basis.assign(static_cast<size_t>(n * n), 0.f);
    for (int64_t i = 0; i < n; ++i) space.basis[static_cast<size_t>(i * n + i)] = 1;
  }
}

bool SoapBasis::Suits(const std::string& name, const std::vector<int64_t>& dims) {
  return dims.size() >= 2 && name.ends_with(".weight");
}

int64_t SoapBasis::cost() const {
  int64_t dimensions = 0;
  for (const Space& space : spaces_) dimensions += space.basis.empty() ? 0 : space.dimensions;
  return size() * dimensions;
}

void SoapBasis::Rotate(const float* x, float* y, bool observes) {
  const int64_t a = rows(), b = columns(), k = taps();
  const float fresh = 1 - kAverageDecay;
  Space &first = spaces_[0], &second = spaces_[1], &third = spaces_[2];
  std::vector<float>&turned = Scratch(0, size()), &swapped = Scratch(1, size());
  const float* from = x;
  if (!first.basis.empty()) {
    if (observes) Multiply(false, true, a, a, b * k, fresh, x, x, kAverageDecay, first.average.data());
    Multiply(true, false, a, b * k, a, 1, first.basis.data(), x, 0, turned.data());
    from = turned.data();
  }
  Swap(a, b, k, from, swapped.data());
  from = swapped.data();
  if (!second.basis.empty()) {
    if (observes) Multiply(false, true, b, b, a * k, fresh, from, from, kAverageDecay, second.average.data());
    Multiply(true, false, b, a * k, b, 1, second.basis.data(), from, 0, turned.data());
    from = turned.data();
  }
  if (third.basis.empty()) {
    std::copy_n(from, size(), y);
    return;
  }
  if (observes) Multiply(true, false, k, k, a * b, fresh, from, from, kAverageDecay, third.average.data());
  Multiply(false, false, a * b, k, k, 1, from, third.basis.data(), 0, y);
}

void SoapBasis::Observe(const float* gradient, float* rotated) { Rotate(gradient, rotated, true); }

void SoapBasis::RotateBack(float* x, float* y) {
  const int64_t a = rows(), b = columns(), k = taps();
  const Space &first = spaces_[0], &second = spaces_[1], &third = spaces_[2];
  std::vector<float>& turned = Scratch(0, size());
  float *from = x, *to = turned.data();
  if (!third.basis.empty()) {
    Multiply(false, true, a * b, k, k, 1, from, third.basis.data(), 0, to);
    std::swap(from, to);
  }
  if (!second.basis.empty()) {
    Multiply(false, false, b, a * k, b, 1, second.basis.data(), from, 0, to);
    std::swap(from, to);
  }
  Swap(b, a, k, from, first.basis.empty() ? y : to);
  if (!first.basis.empty()) Multiply(false, false, a, b * k, a, 1, first.basis.data(), to, 0, y);
}

void SoapBasis::Turn(float* m, float* v) {
  const int64_t a = rows(), b = columns(), k = taps();
  std::vector<float>& plain = Scratch(2, size());
  if (turned_) {
    RotateBack(m, plain.data());
  } else {
    std::copy_n(m, size(), plain.data());
  }
  std::array<std::vector<int64_t>, 3> order;
  std::array<std::vector<float>, 3> eigenvalues;
  for (size_t i = 0; i < 3; ++i) TurnSpace(spaces_[i], !turned_, order[i], eigenvalues[i]);
  Rotate(plain.data(), m, false);
  if (turned_) {
    std::copy_n(v, size(), plain.data());
    for (int64_t j = 0, at = 0; j < b; ++j) {
      for (int64_t i = 0; i < a; ++i) {
        const float* from =
            plain.data() + (order[1][static_cast<size_t>(j)] * a + order[0][static_cast<size_t>(i)]) * k;
        for (int64_t t = 0; t < k; ++t) v[at++] = from[order[2][static_cast<size_t>(t)]];
      }
    }
  } else {
    // Of v in the new basis only the sums along each space are known. Their product stands for v, as in Shampoo.
    double total = 0, product = 0;
    for (int64_t i = 0; i < size(); ++i) total += double{v[i]};
    for (int64_t j = 0, at = 0; j < b; ++j) {
      for (int64_t i = 0; i < a; ++i) {
        const double part = double{eigenvalues[1][static_cast<size_t>(j)]} * eigenvalues[0][static_cast<size_t>(i)];
        for (int64_t t = 0; t < k; ++t, ++at) {
          v[at] = static_cast<float>(part * eigenvalues[2][static_cast<size_t>(t)]);
          product += double{v[at]};
        }
      }
    }
    const double scale = product > 0 ? total / product : 0;
    for (int64_t i = 0; i < size(); ++i) v[i] = static_cast<float>(v[i] * scale);
  }
  turned_ = true;
}

}  // namespace aecomp
