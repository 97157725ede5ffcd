#include "train/adam.h"

#include <algorithm>
#include <cmath>

namespace aecomp {
namespace {

constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;
constexpr double kAverageDecay = 0.999;

double SquaredNorm(const std::vector<float>& gradient) {
  constexpr int64_t kSlice = 4096;  // fixed slices: the same sum for every number of threads
  const int64_t size = std::ssize(gradient), slices = (size + kSlice - 1) / kSlice;
  thread_local std::vector<double> partial;
  partial.assign(static_cast<size_t>(slices), 0.0);
  double* sums = partial.data();
#pragma omp parallel for schedule(static)
  for (int64_t s = 0; s < slices; ++s) {
    float sum = 0;
    const float *begin = gradient.data() + s * kSlice, *end = gradient.data() + std::min(size, (s + 1) * kSlice);
    for (const float* g = begin; g != end; ++g) sum += *g * *g;
    sums[s] = sum;
  }
  double total = 0;
  for (int64_t s = 0; s < slices; ++s) total += sums[s];
  return total;
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
    const float rate = step * s.rate_scale;
    const int64_t size = std::ssize(p.value);
    float *value = p.value.data(), *grad = p.grad.data(), *m = s.m.data(), *v = s.v.data(), *average = s.average.data();
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size; ++i) {
      const float g = grad[i] * scale;
      m[i] = kBeta1 * m[i] + (1 - kBeta1) * g;
      v[i] = kBeta2 * v[i] + (1 - kBeta2) * g * g;
      value[i] -= rate * m[i] / (std::sqrt(v[i]) * root + kEpsilon);
      average[i] = decay * average[i] + (1 - decay) * value[i];
      grad[i] = 0;
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
