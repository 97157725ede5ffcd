// Where a step of training stopped being finite.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "model/network/graph.h"

namespace aecomp {

/// Names the first layer output with a NaN or an infinity, or else the first such gradient on the way back, as
/// "encoder: output of layer 'a' (conv2d)"; empty when all are finite. graphs: role and network, in the order in which
/// they run.
inline std::string FirstNonFinite(std::span<const std::pair<const char*, const Graph*>> graphs) {
  for (const auto& [role, graph] : graphs) {
    if (const std::string layer = graph->FirstNonFinite(); !layer.empty()) return role + (": output of " + layer);
  }
  for (size_t i = graphs.size(); i-- > 0;) {
    const std::string layer = graphs[i].second->FirstNonFiniteGradient();
    if (!layer.empty()) return graphs[i].first + (": gradient of the output of " + layer);
  }
  return "";
}

}  // namespace aecomp
