// Weights for a network that a test makes.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "model/network/graph.h"

namespace aecomp {

/// Normally distributed, of this standard deviation.
inline Parameters RandomWeights(const Network& network, const Shape& input, float deviation) {
  Parameters parameters;
  EXPECT_TRUE(Graph::Create(network, input, parameters, Graph::Mode::kInference).ok());
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    for (float& v : p.value) v = deviation * normal(random);
  }
  parameters.MarkChanged();
  return parameters;
}

}  // namespace aecomp
