#include "model/network/reference/network.h"

#include <map>
#include <utility>

namespace aecomp::reference {
namespace {

void AddTo(Activation& sum, const Activation& other) {
  if (sum.data.empty()) {
    sum = other;
    return;
  }
  for (size_t i = 0; i < sum.data.size(); ++i) sum.data[i] += other.data[i];
}

}  // namespace

ReferenceNetwork::ReferenceNetwork(const Network& network, const Values& parameters) { Add(network, 0, parameters); }

int ReferenceNetwork::Add(const Network& network, int value, const Values& parameters) {
  for (const LayerSpec& spec : network) {
    Node node{spec, {}, {}};
    if (spec.type == "sum") {
      const std::vector<Network> branches = SumBranches(spec).value();
      for (const Network& branch : branches) node.inputs.push_back(Add(branch, value, parameters));
    } else {
      node.inputs = {value};
      for (const char* kind : {".weight", ".bias", ".beta", ".gamma"}) {
        if (const auto it = parameters.find(spec.name + kind); it != parameters.end()) node.parameters.insert(*it);
      }
    }
    nodes_.push_back(std::move(node));
    value = static_cast<int>(nodes_.size());
  }
  return value;
}

Activation ReferenceNetwork::Run(const Node& node, const std::vector<const Activation*>& inputs,
                                 const Values& parameters) const {
  if (node.spec.type != "sum") return reference::Forward(node.spec, *inputs[0], parameters);
  Activation sum;
  for (const Activation* input : inputs) AddTo(sum, *input);
  return sum;
}

const Activation& ReferenceNetwork::Forward(const Activation& x) {
  values_ = {x};
  for (const Node& node : nodes_) {
    std::vector<const Activation*> inputs;
    for (int v : node.inputs) inputs.push_back(&values_[static_cast<size_t>(v)]);
    values_.push_back(Run(node, inputs, node.parameters));
  }
  return values_.back();
}

Activation ReferenceNetwork::ForwardChanged(size_t index, const Values& changed) const {
  std::map<int, Activation> renewed;  // of the values that depend on the node
  for (size_t i = index; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    bool depends = i == index;
    std::vector<const Activation*> inputs;
    for (int v : node.inputs) {
      const auto it = renewed.find(v);
      depends = depends || it != renewed.end();
      inputs.push_back(it != renewed.end() ? &it->second : &values_[static_cast<size_t>(v)]);
    }
    if (!depends) continue;
    Activation value = Run(node, inputs, i == index ? changed : node.parameters);
    renewed.insert_or_assign(static_cast<int>(i) + 1, std::move(value));
  }
  const auto last = renewed.find(static_cast<int>(nodes_.size()));
  return last == renewed.end() ? values_.back() : last->second;
}

Gradients ReferenceNetwork::Backward(const Activation& dy) const {
  std::vector<Activation> gradients(values_.size());  // empty: none yet
  gradients.back() = dy;
  Gradients result;
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    const Activation& out = gradients[i + 1];
    if (node.spec.type == "sum") {
      for (int v : node.inputs) AddTo(gradients[static_cast<size_t>(v)], out);
      continue;
    }
    const size_t v = static_cast<size_t>(node.inputs[0]);
    Gradients g = reference::Backward(node.spec, values_[v], node.parameters, out);
    AddTo(gradients[v], g.dx);
    result.parameters.merge(g.parameters);
  }
  result.dx = std::move(gradients[0]);
  return result;
}

}  // namespace aecomp::reference
