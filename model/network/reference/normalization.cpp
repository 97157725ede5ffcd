#include <cmath>

#include "model/network/reference/families.h"

namespace aecomp::reference {
namespace {

/// beta[i] + sum over j of gamma[i, j] * x[j]^2 at one position; stored are the roots of gamma and of beta - 1e-6.
double Sum(const LayerSpec& spec, const Values& parameters, const double* x, size_t channels, size_t i) {
  const double beta = parameters.at(spec.name + ".beta").at(i);
  double sum = 1e-6 + beta * beta;
  for (size_t j = 0; j < channels; ++j) {
    const double gamma = parameters.at(spec.name + ".gamma")[i * channels + j];
    sum += gamma * gamma * x[j] * x[j];
  }
  return sum;
}

double Exponent(const LayerSpec& spec) { return spec.type == "gdn" ? -0.5 : 0.5; }

}  // namespace

bool IsNormalization(const LayerSpec& spec) { return spec.type == "gdn" || spec.type == "igdn"; }

Activation ForwardNormalization(const LayerSpec& spec, const Activation& x, const Values& parameters) {
  Activation y = x;
  const size_t channels = static_cast<size_t>(x.shape.c);
  for (size_t i = 0; i < y.data.size(); ++i) {
    const double* position = x.data.data() + i / channels * channels;
    y.data[i] *= std::pow(Sum(spec, parameters, position, channels, i % channels), Exponent(spec));
  }
  return y;
}

Gradients BackwardNormalization(const LayerSpec& spec, const Activation& x, const Values& parameters,
                                const Activation& dy) {
  const size_t channels = static_cast<size_t>(x.shape.c);
  const std::vector<double>&beta = parameters.at(spec.name + ".beta"), &gamma = parameters.at(spec.name + ".gamma");
  Gradients g{Zeros(x.shape), {}};
  std::vector<double>& beta_grad = g.parameters[spec.name + ".beta"];
  std::vector<double>& gamma_grad = g.parameters[spec.name + ".gamma"];
  beta_grad.resize(channels), gamma_grad.resize(channels * channels);
  for (size_t k = 0; k < x.data.size(); ++k) {
    const size_t first = k / channels * channels, i = k % channels;
    const double* position = x.data.data() + first;
    const double sum = Sum(spec, parameters, position, channels, i), e = Exponent(spec);
    g.dx.data[k] += dy.data[k] * std::pow(sum, e);
    const double of_sum = dy.data[k] * x.data[k] * e * std::pow(sum, e - 1);
    beta_grad[i] += of_sum * 2 * beta[i];
    for (size_t j = 0; j < channels; ++j) {
      const double root = gamma[i * channels + j];
      gamma_grad[i * channels + j] += of_sum * 2 * root * position[j] * position[j];
      g.dx.data[first + j] += of_sum * root * root * 2 * position[j];
    }
  }
  return g;
}

}  // namespace aecomp::reference
