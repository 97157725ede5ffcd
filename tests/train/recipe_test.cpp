#include "train/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>

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

}  // namespace
}  // namespace aecomp
