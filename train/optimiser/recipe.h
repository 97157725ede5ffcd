// What an architecture file says about its own training: the "training" object.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/status.h"
#include "model/network/architecture.h"
#include "train/distortion_weights.h"

namespace aecomp {

struct Recipe {
  /// Layers that start as the leading principal components of image blocks (analysis, synthesis); empty: none.
  std::string block_analysis, block_synthesis;
  /// Layer name -> factor on its initial weights (last layers of deep paths start near zero).
  std::vector<std::pair<std::string, double>> initial_scale;
  /// Parameter name prefix -> factor on the learning rate; the longest match counts. Parameters that start near their
  /// optimum have small factors.
  std::vector<std::pair<std::string, double>> rate_scale;

  /// Share of the gradient that relus let through where they give 0 (surrogate gradient learning, arXiv:2505.22074).
  /// Without it most relus of the deep paths die within a thousand steps.
  double relu_leak = 0;

  /// Of the distortion for eyes.
  DistortionWeights distortion;

  double RateScale(const std::string& parameter) const;
  double InitialScale(const std::string& layer) const;
};

/// kUsage when the object does not hold what it should.
Result<Recipe> ParseRecipe(const Architecture& architecture);

}  // namespace aecomp
