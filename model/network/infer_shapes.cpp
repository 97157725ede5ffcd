#include "model/network/infer_shapes.h"

#include "model/network/layers/options.h"

namespace aecomp {
namespace {

/// Where the output of a layer comes from, given where its input came from.
InputOrigin After(const LayerSpec& spec, const Shape& input, const Shape& output) {
  InputOrigin origin = spec.origin;
  const std::string label = LayerLabel(spec);
  const bool flattens = spec.type == "flatten" && input.h * int64_t{input.w} > 1;
  if (flattens) {
    origin.flattened = input;
    origin.flattened_from = origin.producer.empty() ? "the input" : origin.producer;
  } else if (!(output == input)) {
    origin.flattened = {};
  }
  origin.producer = label;
  if (HasOption(spec, "out")) {
    origin.channels_knob = "\"out\" of " + label;
  } else if (output.c != input.c) {
    origin.channels_knob.clear();
  }
  return origin;
}

/// Walks a network once; knows how sums nest.
class ShapeWalk {
 public:
  Result<Shape> Run(const Network& network, Shape shape, InputOrigin& origin) {
    bool takes_relu = false;  // whether a relu would be fused into what came before
    for (const LayerSpec& spec : network) {
      auto next = spec.type == "sum" ? Sum(spec, shape, origin) : One(spec, shape, origin);
      if (!next.ok()) return next;
      shape = next.value();
      const bool fused = spec.type == "relu" && takes_relu;
      reports.back().own_buffer = !fused;
      takes_relu = spec.type == "sum" || spec.type == "conv2d" || spec.type == "conv_transpose2d" || fused;
    }
    return shape;
  }
  std::vector<LayerReport> reports;

 private:
  Result<Shape> One(const LayerSpec& spec, const Shape& input, InputOrigin& origin) {
    const LayerType* type = FindLayerType(spec.type);
    if (type == nullptr) return UnknownLayerType(spec);
    LayerSpec placed = spec;
    placed.origin = origin;
    AECOMP_ASSIGN_OR_RETURN(const LayerInfo info, type->infer(placed, input));
    origin = After(placed, input, info.output);
    LayerReport report{spec.name, spec.type, input, info.output, 0, info.macs, info.workspace_bytes};
    for (const ParameterSpec& p : info.parameters) {
      int64_t size = 1;
      for (int64_t d : p.dims) size *= d;
      report.parameters += size;
    }
    reports.push_back(report);
    return info.output;
  }

  Result<Shape> Sum(const LayerSpec& spec, const Shape& input, InputOrigin& origin) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
    Shape first;
    for (size_t i = 0; i < branches.size(); ++i) {
      InputOrigin within = origin;
      AECOMP_ASSIGN_OR_RETURN(const Shape shape, Run(branches[i], input, within));
      if (i == 0) first = shape;
      if (!(shape == first)) return BranchesDisagree(spec, i, first, shape);
    }
    reports.push_back({spec.name, spec.type, input, first, 0, 0, 0});
    origin.producer = LayerLabel(spec);
    origin.channels_knob.clear();
    if (!(first == input)) origin.flattened = {};
    return first;
  }
};

/// What the last layer of a branch is called.
std::string BranchEnd(const LayerSpec& sum, size_t branch) {
  const auto branches = SumBranches(sum);
  if (!branches.ok() || branches.value()[branch].empty()) return "which is the sum's input itself";
  return "which ends in " + LayerLabel(branches.value()[branch].back());
}

}  // namespace

Status BranchesDisagree(const LayerSpec& sum, size_t branch, const Shape& first, const Shape& other) {
  const std::string fix =
      first.c != other.c ? "channels differ: give both the same number of output channels (\"out\")"
                         : "sizes differ: give both the same strides, and the padding that goes with their kernels";
  return UsageError(LayerLabel(sum) + ": its branches must give equal shapes, but branch 1 gives " + first.ToString() +
                    " (" + BranchEnd(sum, 0) + ") and branch " + std::to_string(branch + 1) + " gives " +
                    other.ToString() + " (" + BranchEnd(sum, branch) + "); " + fix);
}

Result<InferredNetwork> InferNetwork(const Network& network, const Shape& input, const InputOrigin& origin) {
  ShapeWalk walk;
  InferredNetwork result;
  result.origin = origin;
  AECOMP_ASSIGN_OR_RETURN(result.output, walk.Run(network, input, result.origin));
  result.layers = std::move(walk.reports);
  return result;
}

Result<std::vector<LayerReport>> InferShapes(const Network& network, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(InferredNetwork inferred, InferNetwork(network, input, {}));
  return std::move(inferred.layers);
}

}  // namespace aecomp
