// Naive twins of every layer in double precision: what the fast layers are tested against. They read the same options
// and parameters (PyTorch's order) and the same channels-last memory, but share no other code with
// model/network/layers. Not for use outside tests and the gradient check; options must have passed shape inference.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/network/layer.h"

namespace aecomp::reference {

/// An activation, [N, H, W, C].
struct Activation {
  Shape shape;
  std::vector<double> data;
};

inline size_t At(const Shape& s, int n, int c, int h, int w) {
  return ((static_cast<size_t>(n) * s.h + h) * s.w + w) * s.c + c;
}

inline Activation Zeros(const Shape& shape) { return {shape, std::vector<double>(static_cast<size_t>(shape.size()))}; }

/// Parameter name -> elements, as in ParameterSpec.
using Values = std::map<std::string, std::vector<double>>;

struct Gradients {
  Activation dx;
  Values parameters;
};

Activation Forward(const LayerSpec& spec, const Activation& x, const Values& parameters);

/// Gradients of sum(y * dy), y being the output for x.
Gradients Backward(const LayerSpec& spec, const Activation& x, const Values& parameters, const Activation& dy);

}  // namespace aecomp::reference
