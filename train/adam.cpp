#include "train/adam.h"

#include <algorithm>
#include <cmath>

#include "train/simd.h"

namespace aecomp {
namespace {

constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;
constexpr double kAverageDecay = 0.999;

constexpr int64_t kSlice = 4096;  // of a parameter, for one thread

AECOMP_MULTIVERSION
float SumOfSquares(const float* g, int64_t size) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < size; ++i) sum += g[i] * g[i];
  return sum;
}

double SquaredNorm(const std::vector<float>& gradient) {
  const int64_t size = std::ssize(gradient), slices = (size + kSlice - 1) / kSlice;
  thread_local std::vector<double> partial;
  partial.assign(static_cast<size_t>(slices), 0.0);
  double* sums = partial.data();
#pragma omp parallel for schedule(static)
  for (int64_t s = 0; s < slices; ++s) {
    sums[s] = SumOfSquares(gradient.data() + s * kSlice, std::min(kSlice, size - s * kSlice));
  }
  double total = 0;
  for (int64_t s = 0; s < slices; ++s) total += sums[s];  // in order: the same sum for every number of threads
  return total;
}

/// Of one step, for all elements of a parameter.
struct Factors {
  float gradient, rate, root, decay;
};

AECOMP_MULTIVERSION
void Update(const Factors& f, int64_t size, float* value, float* grad, float* m, float* v, float* average) {
  const float scale = f.gradient, rate = f.rate, root = f.root, decay = f.decay;
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    const float g = grad[i] * scale;
    m[i] = kBeta1 * m[i] + (1 - kBeta1) * g;
    v[i] = kBeta2 * v[i] + (1 - kBeta2) * g * g;
    value[i] -= rate * m[i] / (std::sqrt(v[i]) * root + kEpsilon);
    average[i] = decay * average[i] + (1 - decay) * value[i];
    grad[i] = 0;
  }
}

}  // namespace

Adam::Adam(Parameters& parameters, const Recipe& recipe) : parameters_(parameters) {
  for (const Parameter& p : parameters.list()) {
    State& s = states_.emplace_back();
    s.m.assign(p.value.size(), 0.f), s.v.assign(p.value.size(), 0.f), s.average = p.value;
    s.rate_scale = static_cast<float>(recipe.RateScale(p.name));
  }
}

double Adam::Step(double learning_rate, double clip) {
  double norm = 0;
  for (const Parameter& p : parameters_.list()) norm += SquaredNorm(p.grad);
  norm = std::sqrt(norm);
  if (!std::isfinite(norm)) return norm;
  ++steps_, ++average_age_;
  const float scale = static_cast<float>(norm > clip ? clip / norm : 1.0);
  const double correction1 = 1 - std::pow(kBeta1, static_cast<double>(steps_));
  const double correction2 = 1 - std::pow(kBeta2, static_cast<double>(steps_));
  const float step = static_cast<float>(learning_rate / correction1);
  const float root = static_cast<float>(1 / std::sqrt(correction2));
  const float decay = static_cast<float>(
      std::min(kAverageDecay, static_cast<double>(average_age_ + 1) / static_cast<double>(average_age_ + 10)));
  size_t index = 0;
  for (Parameter& p : parameters_.list()) {
    State& s = states_[index++];
    const Factors factors{scale, step * s.rate_scale, root, decay};
    const int64_t size = std::ssize(p.value);
#pragma omp parallel for schedule(static)
    for (int64_t k = 0; k < size; k += kSlice) {
      Update(factors, std::min(kSlice, size - k), p.value.data() + k, p.grad.data() + k, s.m.data() + k, s.v.data() + k,
             s.average.data() + k);
    }
  }
  parameters_.MarkChanged();
  return norm;
}

void Adam::CopyAverage(Parameters& target) const {
  size_t index = 0;
  for (const Parameter& p : parameters_.list()) {
    Parameter& to = target.FindOrAdd(p.name, p.dims);
    to.value = states_[index++].average;
  }
  target.MarkChanged();
}

}  // namespace aecomp
