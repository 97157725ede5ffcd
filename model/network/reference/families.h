// Every layer belongs to one of five families, each with a description from which both passes follow.
#pragma once

#include <functional>

#include "model/network/reference/reference.h"

namespace aecomp::reference {

/// Bilinear layers (conv2d, conv_transpose2d, linear): y is a sum of products x[i] * weight[k], plus a bias per
/// channel.
struct Products {
  Shape output;
  /// Calls f(index into x, index into weight, index into y) once for each product.
  std::function<void(const std::function<void(size_t, size_t, size_t)>&)> for_each;
};
bool DescribeProducts(const LayerSpec& spec, const Shape& input, Products* products);

/// Layers that copy elements (flatten, reshape, pixel_shuffle, pixel_unshuffle, max_pool2d): y[i] = x[source[i]].
struct Moves {
  Shape output;
  std::vector<size_t> source;
};
bool DescribeMoves(const LayerSpec& spec, const Activation& x, Moves* moves);

/// Layers without parameters that mix elements linearly (lap, avg_pool2d): y[to] = sum of weight * x[from].
struct Mixture {
  struct Term {
    size_t from, to;
    double weight;
  };
  Shape output;
  std::vector<Term> terms;
};
bool DescribeMixture(const LayerSpec& spec, const Shape& input, Mixture* mixture);

/// Layers that divide by, or multiply with, the root of a weighted sum of squares (gdn, igdn).
bool IsNormalization(const LayerSpec& spec);
Activation ForwardNormalization(const LayerSpec& spec, const Activation& x, const Values& parameters);
Gradients BackwardNormalization(const LayerSpec& spec, const Activation& x, const Values& parameters,
                                const Activation& dy);

/// Elementwise functions.
struct Pointwise {
  std::function<double(double)> value, derivative;  ///< both of x
};
bool DescribePointwise(const LayerSpec& spec, Pointwise* pointwise);

}  // namespace aecomp::reference
