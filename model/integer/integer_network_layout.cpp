#include "model/integer/integer_network_layout.h"

#include <utility>

#include "model/integer/integer_eligibility.h"

namespace aecomp {
namespace {

using Output = IntegerStep::Output;

constexpr const char* kSo = "this network cannot be run in integers";

class LayOut {
 public:
  Status Add(const Network& network) {
    for (const LayerSpec& spec : network) {
      AECOMP_RETURN_IF_ERROR(spec.type == "sum" ? AddResidual(spec) : AddLayer(spec));
    }
    return {};
  }
  std::vector<IntegerStep> steps;

 private:
  Status AddLayer(const LayerSpec& spec) {
    if (spec.type == "relu") {
      if (steps.empty() || steps.back().output != Output::kStream || steps.back().residual >= 0) {
        return Unsuitable(spec, "no convolution stands before it", kSo);
      }
      steps.back().output = Output::kRelu;
      return {};
    }
    if (spec.type != "conv2d" && spec.type != "conv_transpose2d") {
      return Unsuitable(spec, "it is neither a convolution nor a relu", kSo);
    }
    AECOMP_ASSIGN_OR_RETURN(IntegerLayer layer, IntegerGeometry(spec, kSo));
    IntegerStep& step = steps.emplace_back();
    step.name = spec.name;
    step.layer = std::move(layer);
    step.output = Output::kStream;
    return {};
  }

  Status AddResidual(const LayerSpec& spec) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
    if (branches.size() != 2 || !branches[0].empty() || branches[1].empty()) {
      return Unsuitable(spec, "it does not add one branch to its own input", kSo);
    }
    const auto entry = static_cast<int>(steps.size()) - 1;
    if (entry < 0 || steps.back().output != Output::kStream) {
      return Unsuitable(spec, "no convolution stands before it", kSo);
    }
    AECOMP_RETURN_IF_ERROR(Add(branches[1]));
    if (steps[static_cast<size_t>(entry)].output != Output::kStream) {
      return Unsuitable(spec, "its branch begins with a relu", kSo);
    }
    if (steps.back().output != Output::kStream || steps.back().residual >= 0) {
      return Unsuitable(spec, "its branch does not end in a convolution", kSo);
    }
    steps.back().residual = entry;
    return {};
  }
};

}  // namespace

Result<std::vector<IntegerStep>> LayOutIntegerNetwork(const Network& network) {
  LayOut layout;
  AECOMP_RETURN_IF_ERROR(layout.Add(network));
  std::vector<IntegerStep>& steps = layout.steps;
  if (steps.empty() || steps.back().output != Output::kStream || steps.back().residual >= 0) {
    return ModelError("a network that does not end in a convolution cannot be run in integers");
  }
  steps.back().output = Output::kLast;
  for (size_t i = 1; i < steps.size(); ++i) {
    if (steps[i].layer.in != steps[i - 1].layer.out) {
      return ModelError("layer '" + steps[i].name + "': its input has " + std::to_string(steps[i - 1].layer.out) +
                        " channels");
    }
  }
  return std::move(steps);
}

}  // namespace aecomp
