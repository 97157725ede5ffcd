#include <cmath>

#include "model/network/layers/options.h"
#include "model/network/reference/families.h"

namespace aecomp::reference {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Pointwise Rectifier(double slope) {
  return {[=](double x) { return x > 0 ? x : slope * x; }, [=](double x) { return x > 0 ? 1 : slope; }};
}

}  // namespace

bool DescribePointwise(const LayerSpec& spec, Pointwise* p) {
  if (spec.type == "relu") return *p = Rectifier(0), true;
  if (spec.type == "leaky_relu") return *p = Rectifier(CheckedNumber(spec, "slope", 0.01)), true;
  if (spec.type == "sigmoid") {
    return *p = {Sigmoid, [](double x) { return Sigmoid(x) * Sigmoid(-x); }}, true;
  }
  if (spec.type == "compand") {
    const double scale = CheckedNumber(spec, "scale", 1);
    return *p = {[=](double x) { return std::copysign(std::log1p(scale * std::abs(x)), x); },
                 [=](double x) { return scale / (1 + scale * std::abs(x)); }},
           true;
  }
  if (spec.type == "tanh") {
    return *p = {[](double x) { return std::tanh(x); }, [](double x) { return 1 / (std::cosh(x) * std::cosh(x)); }},
           true;
  }
  return false;
}

}  // namespace aecomp::reference
