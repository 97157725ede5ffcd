#include "model/network/layers/conv_options.h"

#include "model/network/layers/options.h"

namespace aecomp {

Result<ConvOptions> ReadConvOptions(const LayerSpec& spec, bool transposed) {
  constexpr int kMaxChannels = 65536, kMaxKernel = 1024;
  std::vector<std::string> keys = {"in", "out", "kernel", "stride", "padding", "groups", "bias"};
  if (transposed) keys.push_back("output_padding");
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, keys));
  ConvOptions o;
  o.transposed = transposed;
  AECOMP_ASSIGN_OR_RETURN(o.in, IntOption(spec, "in", std::nullopt, 1, kMaxChannels));
  AECOMP_ASSIGN_OR_RETURN(o.out, IntOption(spec, "out", std::nullopt, 1, kMaxChannels));
  AECOMP_ASSIGN_OR_RETURN(o.kernel, IntOption(spec, "kernel", std::nullopt, 1, kMaxKernel));
  AECOMP_ASSIGN_OR_RETURN(o.stride, IntOption(spec, "stride", 1, 1, kMaxKernel));
  AECOMP_ASSIGN_OR_RETURN(o.padding, IntOption(spec, "padding", 0, 0, kMaxKernel));
  AECOMP_ASSIGN_OR_RETURN(o.groups, IntOption(spec, "groups", 1, 1, kMaxChannels));
  AECOMP_ASSIGN_OR_RETURN(o.bias, BoolOption(spec, "bias", true));
  if (transposed) {
    AECOMP_ASSIGN_OR_RETURN(o.output_padding, IntOption(spec, "output_padding", 0, 0, o.stride - 1));
  }
  if (o.in % o.groups != 0 || o.out % o.groups != 0) {
    int nearest = o.groups;
    while (o.in % nearest != 0 || o.out % nearest != 0) --nearest;
    return UsageError(LayerLabel(spec) + ": groups " + std::to_string(o.groups) + " does not divide both its " +
                      std::to_string(o.in) + " input and " + std::to_string(o.out) +
                      " output channels; set \"groups\" to " + std::to_string(nearest) +
                      " or make both channel numbers multiples of " + std::to_string(o.groups));
  }
  return o;
}

Status CheckConvInput(const LayerSpec& spec, const ConvOptions& options, const Shape& input) {
  if (input.c == options.in) return {};
  return UsageError(LayerLabel(spec) + ": expects " + std::to_string(options.in) + " channels, but " +
                    std::to_string(input.c) + " came (" + Came(spec, input) + "); set \"in\" to " +
                    std::to_string(input.c) + " or " + ChangeChannels(spec, options.in));
}

std::vector<int64_t> ConvWeightDims(const ConvOptions& o) {
  const int rows = o.transposed ? o.in : o.out, columns = (o.transposed ? o.out : o.in) / o.groups;
  return {rows, columns, o.kernel, o.kernel};
}

void AddConvParameters(const LayerSpec& spec, const ConvOptions& options, LayerInfo& info) {
  info.parameters.push_back({spec.name + ".weight", ConvWeightDims(options)});
  if (options.bias) info.parameters.push_back({spec.name + ".bias", {options.out}});
}

}  // namespace aecomp
