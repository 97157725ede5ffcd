#include "model/network/reference/reference.h"

#include <cstdio>
#include <cstdlib>

#include "model/network/reference/families.h"

namespace aecomp::reference {
namespace {

[[noreturn]] void NoSuchLayer(const LayerSpec& spec) {
  std::fprintf(stderr, "reference: there is no layer type '%s'\n", spec.type.c_str());
  std::abort();
}

Activation ForwardProducts(const Products& products, const LayerSpec& spec, const Activation& x,
                           const Values& parameters) {
  Activation y = Zeros(products.output);
  const std::vector<double>& weight = parameters.at(spec.name + ".weight");
  products.for_each([&](size_t i, size_t k, size_t o) { y.data[o] += x.data.at(i) * weight.at(k); });
  const auto bias = parameters.find(spec.name + ".bias");
  if (bias == parameters.end()) return y;
  for (size_t i = 0; i < y.data.size(); ++i) y.data[i] += bias->second.at(i % y.shape.c);
  return y;
}

Gradients BackwardProducts(const Products& products, const LayerSpec& spec, const Activation& x,
                           const Values& parameters, const Activation& dy) {
  Gradients g{Zeros(x.shape), {}};
  for (const auto& [name, values] : parameters) g.parameters[name].assign(values.size(), 0);
  const std::vector<double>& weight = parameters.at(spec.name + ".weight");
  std::vector<double>& weight_grad = g.parameters.at(spec.name + ".weight");
  products.for_each([&](size_t i, size_t k, size_t o) {
    g.dx.data[i] += weight[k] * dy.data[o];
    weight_grad[k] += x.data[i] * dy.data[o];
  });
  const auto bias = g.parameters.find(spec.name + ".bias");
  if (bias == g.parameters.end()) return g;
  for (size_t i = 0; i < dy.data.size(); ++i) bias->second[i % dy.shape.c] += dy.data[i];
  return g;
}

}  // namespace

Activation Forward(const LayerSpec& spec, const Activation& x, const Values& parameters) {
  Products products;
  if (DescribeProducts(spec, x.shape, &products)) return ForwardProducts(products, spec, x, parameters);
  if (IsNormalization(spec)) return ForwardNormalization(spec, x, parameters);
  Moves moves;
  if (DescribeMoves(spec, x, &moves)) {
    Activation y = Zeros(moves.output);
    for (size_t i = 0; i < y.data.size(); ++i) y.data[i] = x.data.at(moves.source.at(i));
    return y;
  }
  Mixture mixture;
  if (DescribeMixture(spec, x.shape, &mixture)) {
    Activation y = Zeros(mixture.output);
    for (const Mixture::Term& t : mixture.terms) y.data[t.to] += t.weight * x.data[t.from];
    return y;
  }
  Pointwise pointwise;
  if (!DescribePointwise(spec, &pointwise)) NoSuchLayer(spec);
  Activation y = x;
  for (double& v : y.data) v = pointwise.value(v);
  return y;
}

Gradients Backward(const LayerSpec& spec, const Activation& x, const Values& parameters, const Activation& dy) {
  Products products;
  if (DescribeProducts(spec, x.shape, &products)) return BackwardProducts(products, spec, x, parameters, dy);
  if (IsNormalization(spec)) return BackwardNormalization(spec, x, parameters, dy);
  Gradients g{Zeros(x.shape), {}};
  Moves moves;
  if (DescribeMoves(spec, x, &moves)) {
    for (size_t i = 0; i < dy.data.size(); ++i) g.dx.data.at(moves.source.at(i)) += dy.data[i];
    return g;
  }
  Mixture mixture;
  if (DescribeMixture(spec, x.shape, &mixture)) {
    for (const Mixture::Term& t : mixture.terms) g.dx.data[t.from] += t.weight * dy.data[t.to];
    return g;
  }
  Pointwise pointwise;
  if (!DescribePointwise(spec, &pointwise)) NoSuchLayer(spec);
  for (size_t i = 0; i < dy.data.size(); ++i) g.dx.data[i] = dy.data[i] * pointwise.derivative(x.data[i]);
  return g;
}

}  // namespace aecomp::reference
