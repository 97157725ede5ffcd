#include "train/optimiser/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "train/optimiser/adam.h"

namespace aecomp {
namespace {

TEST(RecipeTest, LongestPrefixGivesTheRateWhateverTheOrder) {
  Recipe recipe;
  recipe.rate_scale = {{"hyper_", 0.5}, {"hyper_analysis", 0.05}, {"hyper_analysis.2", 3}, {"block_", 0.1}};
  for (int order = 0; order < 2; ++order) {
    EXPECT_EQ(0.5, recipe.RateScale("hyper_synthesis.0.weight"));
    EXPECT_EQ(0.05, recipe.RateScale("hyper_analysis.0.weight"));
    EXPECT_EQ(3, recipe.RateScale("hyper_analysis.2.bias"));
    EXPECT_EQ(1, recipe.RateScale("synthesis.0.weight"));
    std::reverse(recipe.rate_scale.begin(), recipe.rate_scale.end());
  }
}

TEST(RecipeTest, OptimiserTakesAnotherRateForOneParameter) {
  Recipe recipe;
  recipe.rate_scale = {{"a", 0.5}, {"b", 0.5}};
  Parameters parameters;
  for (const char* name : {"a", "b"}) {
    Parameter& p = parameters.FindOrAdd(name, {1});
    p.value = {0}, p.grad = {0.1f};
  }
  Adam adam(parameters, recipe);
  adam.SetRateScale("b", 0.05);
  adam.Step(1e-2, 1);
  EXPECT_NEAR(-5e-3, parameters.Find("a")->value[0], 1e-6);
  EXPECT_NEAR(-5e-4, parameters.Find("b")->value[0], 1e-7);
}

}  // namespace
}  // namespace aecomp
