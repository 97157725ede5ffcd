// Where a step of training stopped being finite.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "model/network/graph.h"

namespace aecomp {

/// graphs: role and network, in the order in which they run. The first output of a layer that is NaN or infinite, else
/// the last gradient of one, as "encoder: output of layer 'a' (conv2d)"; empty when all are finite.
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
