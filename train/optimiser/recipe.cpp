#include "train/optimiser/recipe.h"

#include <nlohmann/json.hpp>

namespace aecomp {
namespace {

using nlohmann::json;

void ReadFactors(const json& training, const char* key, std::vector<std::pair<std::string, double>>& factors) {
  if (!training.contains(key)) return;
  for (const auto& [name, factor] : training.at(key).items()) factors.emplace_back(name, factor.get<double>());
}

}  // namespace

double Recipe::RateScale(const std::string& parameter) const {
  double scale = 1;
  size_t longest = 0;
  for (const auto& [prefix, factor] : rate_scale) {
    if (prefix.size() < longest || !parameter.starts_with(prefix)) continue;
    scale = factor, longest = prefix.size();
  }
  return scale;
}

double Recipe::InitialScale(const std::string& layer) const {
  for (const auto& [name, factor] : initial_scale) {
    if (layer == name) return factor;
  }
  return 1;
}

Result<Recipe> ParseRecipe(const Architecture& architecture) {
  Recipe recipe;
  try {
    const json root = json::parse(architecture.json);
    const json training = root.value("training", json::object());
    const auto blocks = training.value("principal_components", std::vector<std::string>());
    if (!blocks.empty() && blocks.size() != 2) {
      return UsageError("training: \"principal_components\" must name an analysis and a synthesis layer");
    }
    if (!blocks.empty()) recipe.block_analysis = blocks[0], recipe.block_synthesis = blocks[1];
    recipe.relu_leak = training.value("relu_leak", 0.0);
    ReadFactors(training, "initial_scale", recipe.initial_scale);
    ReadFactors(training, "rate_scale", recipe.rate_scale);
  } catch (const json::exception& e) {
    return UsageError(std::string("training: ") + e.what());
  }
  return recipe;
}

}  // namespace aecomp
