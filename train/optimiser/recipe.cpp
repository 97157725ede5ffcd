#include "train/optimiser/recipe.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace aecomp {
namespace {

using nlohmann::json;

void ReadFactors(const json& training, const char* key, std::vector<std::pair<std::string, double>>& factors) {
  if (!training.contains(key)) return;
  for (const auto& [name, factor] : training.at(key).items()) factors.emplace_back(name, factor.get<double>());
}

Status ReadDistortion(const json& training, DistortionWeights& weights) {
  const json shares = training.value("distortion", json::object());
  const std::string where = "training: \"distortion\"";
  if (!shares.is_object()) return UsageError(where + " must be an object");
  for (const auto& [name, share] : shares.items()) {
    double* weight = name == "squared_error"  ? &weights.squared_error
                     : name == "ms_ssim"      ? &weights.ms_ssim
                     : name == "smooth_edges" ? &weights.smooth_edges
                                              : nullptr;
    if (weight == nullptr)
      return UsageError(where + " has no \"" + name + "\", only \"squared_error\", \"ms_ssim\" and \"smooth_edges\"");
    *weight = share.get<double>();
    if (!(*weight >= 0) || !std::isfinite(*weight)) return UsageError(where + ": \"" + name + "\" must be 0 or more");
  }
  if (weights.squared_error + weights.ms_ssim + weights.smooth_edges > 0) return {};
  return UsageError(where + ": one of the weights must be above 0");
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
    AECOMP_RETURN_IF_ERROR(ReadDistortion(training, recipe.distortion));
    recipe.relu_leak = training.value("relu_leak", 0.0);
    ReadFactors(training, "initial_scale", recipe.initial_scale);
    ReadFactors(training, "rate_scale", recipe.rate_scale);
  } catch (const json::exception& e) {
    return UsageError(std::string("training: ") + e.what());
  }
  return recipe;
}

}  // namespace aecomp
