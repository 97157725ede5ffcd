// Shapes, parameter and MAC counts of a network, before a weight is made; or the first misfit.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/network/architecture.h"
#include "model/network/layer.h"

namespace aecomp {

struct LayerReport {
  std::string name, type;
  Shape input, output;
  int64_t parameters = 0;
  int64_t macs = 0;
  int64_t workspace_bytes = 0;  ///< in training
  bool own_buffer = true;       ///< in training; false: a relu that becomes part of the layer before it
};

struct InferredNetwork {
  std::vector<LayerReport> layers;  ///< in order of execution, those of a sum's branches before the sum
  Shape output;                     ///< that of the input when there are no layers
  InputOrigin origin;               ///< of the output, for messages about whoever reads it
};

/// kUsage with the first layer that does not fit: what came from where, what was expected, what would fix it.
/// `origin`: where the input comes from.
Result<InferredNetwork> InferNetwork(const Network& network, const Shape& input, const InputOrigin& origin);

/// The same without origin.
Result<std::vector<LayerReport>> InferShapes(const Network& network, const Shape& input);

/// The error for a sum whose branches give different shapes.
Status BranchesDisagree(const LayerSpec& sum, size_t branch, const Shape& first, const Shape& other);

}  // namespace aecomp
