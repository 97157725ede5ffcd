// aecomp model check --gradients.
#pragma once

#include <string>
#include <vector>

#include "model/network/architecture_check.h"
#include "model/network/reference/gradient_check.h"

namespace aecomp {

struct NetworkGradients {
  std::string role;  ///< "encoder + decoder", "hyper_encoder", ...
  Shape input;
  reference::GradientReport report;
};

inline constexpr double kMostReferenceError = 1e-4, kMostGraphError = 1e-3;

/// Encoder and decoder as one network, and each network of the prior by itself, with random weights. The architecture
/// has been checked. Without `image` the smallest one of at least 32 pixels each way, or one tile.
Result<std::vector<NetworkGradients>> CheckGradients(const Architecture& architecture,
                                                     const std::optional<Shape>& image);

std::string GradientText(const std::vector<NetworkGradients>& networks);

/// kSomeFailed with the layer whose error is too large, or the parameters that no gradient reaches.
Status JudgeGradients(const std::vector<NetworkGradients>& networks);

}  // namespace aecomp
