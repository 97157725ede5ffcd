// A network of reference layers in double precision, flattened into nodes as in Graph but sharing no code with it.
#pragma once

#include <vector>

#include "model/network/architecture.h"
#include "model/network/reference/reference.h"

namespace aecomp::reference {

class ReferenceNetwork {
 public:
  struct Node {
    LayerSpec spec;           ///< of type "sum": the elements of its inputs are added
    std::vector<int> inputs;  ///< values; 0 is the network's input
    Values parameters;        ///< the layer's own
  };

  /// The network must have passed shape inference. `parameters`: of all layers, and maybe more.
  ReferenceNetwork(const Network& network, const Values& parameters);

  /// Keeps every value for the calls below.
  const Activation& Forward(const Activation& x);

  /// What the output would be if node `index` had these parameters; recomputes only what depends on it.
  Activation ForwardChanged(size_t index, const Values& changed) const;

  /// Gradients of sum(output * dy) by the chain rule, of all parameters and the input.
  Gradients Backward(const Activation& dy) const;

  const std::vector<Node>& nodes() const { return nodes_; }  ///< node i gives value i + 1

 private:
  int Add(const Network& network, int value, const Values& parameters);
  Activation Run(const Node& node, const std::vector<const Activation*>& inputs, const Values& parameters) const;

  std::vector<Node> nodes_;
  std::vector<Activation> values_;
};

}  // namespace aecomp::reference
