#include "train/optimiser/adam.h"

#include <algorithm>
#include <cmath>

#include "train/simd.h"

namespace aecomp {
namespace {

constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;
constexpr float kBasisBeta2 = 0.99f;  // of v in a basis that turns
constexpr int64_t kTurnSteps = 10;    // between two turns of a layer's basis
constexpr int64_t kFirstTurn = 20;    // steps
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

/// The numbers of one step that all elements of a parameter share.
struct Factors {
  float gradient, rate, beta2, root, decay;
};

AECOMP_MULTIVERSION
void Update(const Factors& f, int64_t size, float* value, float* grad, float* m, float* v, float* average) {
  const float scale = f.gradient, rate = f.rate, beta2 = f.beta2, root = f.root, decay = f.decay;
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    const float g = grad[i] * scale;
    m[i] = kBeta1 * m[i] + (1 - kBeta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    value[i] -= rate * m[i] / (std::sqrt(v[i]) * root + kEpsilon);
    average[i] = decay * average[i] + (1 - decay) * value[i];
    grad[i] = 0;
  }
}

/// gradient: in the basis; it is replaced by the direction of the step.
AECOMP_MULTIVERSION
void Direction(float beta2, float root, int64_t size, float* gradient, float* m, float* v) {
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    const float g = gradient[i];
    m[i] = kBeta1 * m[i] + (1 - kBeta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    gradient[i] = m[i] / (std::sqrt(v[i]) * root + kEpsilon);
  }
}

AECOMP_MULTIVERSION
void Move(float rate, float decay, int64_t size, const float* direction, float* value, float* average) {
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    value[i] -= rate * direction[i];
    average[i] = decay * average[i] + (1 - decay) * value[i];
  }
}

}  // namespace

Adam::Adam(Parameters& parameters, const Recipe& recipe) : parameters_(parameters) {
  for (const Parameter& p : parameters.list()) {
    State& s = states_.emplace_back();
    s.m.assign(p.value.size(), 0.f), s.v.assign(p.value.size(), 0.f), s.average = p.value;
    s.rate_scale = static_cast<float>(recipe.RateScale(p.name));
    if (!SoapBasis::Suits(p.name, p.dims)) continue;
    s.basis.emplace(p.dims);
    with_basis_.push_back(states_.size() - 1);
  }
  std::stable_sort(with_basis_.begin(), with_basis_.end(),
                   [&](size_t a, size_t b) { return states_[a].basis->cost() > states_[b].basis->cost(); });
}

void Adam::SetRateScale(const std::string& parameter, double scale) {
  size_t index = 0;
  for (const Parameter& p : parameters_.list()) {
    if (p.name == parameter) states_[index].rate_scale = static_cast<float>(scale);
    ++index;
  }
}

double Adam::Step(double learning_rate, double clip) {
  double norm = 0;
  for (const Parameter& p : parameters_.list()) norm += SquaredNorm(p.grad);
  norm = std::sqrt(norm);
  if (!std::isfinite(norm)) return norm;
  ++steps_, ++basis_steps_, ++average_age_;
  Rates rates;
  rates.clip = static_cast<float>(norm > clip ? clip / norm : 1.0);
  rates.rate = static_cast<float>(learning_rate / (1 - std::pow(kBeta1, static_cast<double>(steps_))));
  rates.decay = static_cast<float>(
      std::min(kAverageDecay, static_cast<double>(average_age_ + 1) / static_cast<double>(average_age_ + 10)));
  std::vector<Parameter*> list;
  for (Parameter& p : parameters_.list()) {
    State& s = states_[list.size()];
    list.push_back(&p);
    if (!s.basis) StepElements(p, s, rates);
  }
  // One thread works on a whole layer: products and sums are the same for every number of threads.
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < with_basis_.size(); ++i) {
    const size_t index = with_basis_[i];
    StepInBasis(*list[index], states_[index], rates, static_cast<int64_t>(i));
  }
  parameters_.MarkChanged();
  return norm;
}

float Adam::Root(float beta2) const {
  return static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, static_cast<double>(steps_))));
}

void Adam::StepElements(Parameter& p, State& s, const Rates& rates) const {
  const Factors factors{rates.clip, rates.rate * s.rate_scale, kBeta2, Root(kBeta2), rates.decay};
  const int64_t size = std::ssize(p.value);
#pragma omp parallel for schedule(static)
  for (int64_t k = 0; k < size; k += kSlice) {
    Update(factors, std::min(kSlice, size - k), p.value.data() + k, p.grad.data() + k, s.m.data() + k, s.v.data() + k,
           s.average.data() + k);
  }
}

/// place: of the layer among those with a basis. Bases turn in different steps.
void Adam::StepInBasis(Parameter& p, State& s, const Rates& rates, int64_t place) const {
  thread_local std::vector<float> rotated;
  const int64_t size = std::ssize(p.value);
  if (std::ssize(rotated) < size) rotated.resize(p.value.size());
  for (float& g : p.grad) g *= rates.clip;
  s.basis->Observe(p.grad.data(), rotated.data());
  const float rate = rates.rate * s.rate_scale, root = Root(kBasisBeta2);
  if (!s.basis->turned()) {
    Update({1, rate, kBasisBeta2, root, rates.decay}, size, p.value.data(), p.grad.data(), s.m.data(), s.v.data(),
           s.average.data());
  } else {
    Direction(kBasisBeta2, root, size, rotated.data(), s.m.data(), s.v.data());
    s.basis->RotateBack(rotated.data(), p.grad.data());
    Move(rate, rates.decay, size, p.grad.data(), p.value.data(), s.average.data());
    std::fill(p.grad.begin(), p.grad.end(), 0.f);
  }
  if (basis_steps_ >= kFirstTurn && (basis_steps_ + place) % kTurnSteps == 0) s.basis->Turn(s.m.data(), s.v.data());
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
