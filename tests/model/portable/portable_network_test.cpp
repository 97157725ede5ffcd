// Networks that the portable decoder refuses, as their integers would not be what a model says.
#include <gtest/gtest.h>

#include <string_view>

#include "model/portable/network.h"

namespace aecomp_portable {
namespace {

/// What is said of layers whose weights are missing.
std::string Refusal(std::string_view layers) {
  Json json;
  EXPECT_TRUE(ParseJson(layers.data(), layers.size(), &json)) << layers;
  Network network;
  const Status status = network.Make(json, Weights(), std::vector<float>(9, 1.f), {});
  EXPECT_FALSE(status.ok());
  return status.message();
}

TEST(PortableNetwork, RefusesABranchThatBeginsWithARelu) {
  // The relu would take away from what the other branch adds as well.
  EXPECT_NE(
      Refusal(R"([{"type": "conv2d", "name": "a", "in": 4, "out": 4, "kernel": 1}, {"type": "residual", "name": "b",
      "layers": [{"type": "relu", "name": "b.r"}, {"type": "conv2d", "name": "b.c", "in": 4, "out": 4, "kernel": 1}]},
      {"type": "conv2d", "name": "c", "in": 4, "out": 4, "kernel": 1}])")
          .find("begins with a relu"),
      std::string::npos);
  EXPECT_EQ(
      Refusal(R"([{"type": "conv2d", "name": "a", "in": 4, "out": 4, "kernel": 1}, {"type": "residual", "name": "b",
      "layers": [{"type": "conv2d", "name": "b.c", "in": 4, "out": 4, "kernel": 1}]},
      {"type": "conv2d", "name": "c", "in": 4, "out": 4, "kernel": 1}])")
          .find("begins with a relu"),
      std::string::npos);
  EXPECT_NE(Refusal(R"([{"type": "relu", "name": "r"}])").find("has no convolution before it"), std::string::npos);
}

TEST(PortableNetwork, MessagesHaveNoControlCharacters) {
  EXPECT_NE(Refusal(R"([{"type": "relu", "name": "r\u001b[2J\u009b"}])").find("'r?[2J?'"), std::string::npos);
}

}  // namespace
}  // namespace aecomp_portable
