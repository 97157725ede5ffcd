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

Result<Recipe> WithTraining(const std::string& training) {
  Architecture architecture;
  architecture.json = "{\"training\": " + training + "}";
  return ParseRecipe(architecture);
}

TEST(RecipeTest, WeightsOfTheDistortionComeFromTheArchitecture) {
  EXPECT_EQ(WithTraining("{}").value().distortion, DistortionWeights());
  const auto given = WithTraining(R"({"distortion": {"squared_error": 0.25, "ms_ssim": 2, "smooth_edges": 0}})");
  ASSERT_TRUE(given.ok()) << given.status().message();
  EXPECT_EQ(given.value().distortion, (DistortionWeights{0.25, 2, 0}));
  DistortionWeights one;
  one.ms_ssim = 0.125;
  EXPECT_EQ(WithTraining(R"({"distortion": {"ms_ssim": 0.125}})").value().distortion, one);
}

TEST(RecipeTest, RefusesWeightsThatMakeNoDistortion) {
  const auto message = [](const std::string& distortion) {
    const auto recipe = WithTraining("{\"distortion\": " + distortion + "}");
    EXPECT_EQ(recipe.status().code(), StatusCode::kUsage);
    return recipe.status().message();
  };
  EXPECT_NE(message(R"({"msssim": 1})").find("has no \"msssim\""), std::string::npos);
  EXPECT_NE(message(R"({"ms_ssim": -1})").find("\"ms_ssim\" must be 0 or more"), std::string::npos);
  EXPECT_NE(message(R"({"ms_ssim": "much"})").find("training"), std::string::npos);
  EXPECT_NE(message("3").find("must be an object"), std::string::npos);
  EXPECT_NE(message(R"({"squared_error": 0, "ms_ssim": 0, "smooth_edges": 0})").find("above 0"), std::string::npos);
}

}  // namespace
}  // namespace aecomp
