// Options, parameter shapes and checks that conv2d and conv_transpose2d share.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/network/layer.h"

namespace aecomp {

struct ConvOptions {
  int in = 0, out = 0, kernel = 0, stride = 1, padding = 0, output_padding = 0, groups = 1;
  bool bias = true, transposed = false;
};

Result<ConvOptions> ReadConvOptions(const LayerSpec& spec, bool transposed);

/// Whether both sides have enough channels for the kernels of reduced precision.
inline bool HasManyChannels(const ConvOptions& o) { return o.groups == 1 && o.in >= 16 && o.out >= 16; }

/// Compares the channels of the input with those that the layer expects.
Status CheckConvInput(const LayerSpec& spec, const ConvOptions& options, const Shape& input);

/// conv2d [out, in/groups, k, k]; conv_transpose2d [in, out/groups, k, k].
std::vector<int64_t> ConvWeightDims(const ConvOptions& options);

void AddConvParameters(const LayerSpec& spec, const ConvOptions& options, LayerInfo& info);

}  // namespace aecomp
