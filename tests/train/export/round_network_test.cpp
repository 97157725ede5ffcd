#include "train/export/round_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "model/base/exact_math.h"
#include "model/integer/integer_network.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

constexpr int kChannels = 6, kSide = 16;

Network SmallNetwork() {
  const char* text = R"([
    {"type": "conv2d", "name": "a", "in": 6, "out": 8, "kernel": 3, "padding": 1},
    {"type": "sum", "name": "b", "branches": [[], [
      {"type": "conv2d", "name": "b.a", "in": 8, "out": 8, "kernel": 3, "padding": 1},
      {"type": "relu", "name": "b.relu"},
      {"type": "conv2d", "name": "b.b", "in": 8, "out": 8, "kernel": 3, "padding": 1}]]},
    {"type": "conv_transpose2d", "name": "c", "in": 8, "out": 3, "kernel": 4, "stride": 2, "padding": 1}])";
  return ParseNetwork(nlohmann::json::parse(text)).value();
}

/// The channels before the relu are of very different size.
Parameters RandomWeights(const Network& network) {
  Parameters parameters;
  EXPECT_TRUE(Graph::Create(network, {1, kChannels, kSide, kSide}, parameters, Graph::Mode::kInference).ok());
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    const float scale = p.dims.size() == 1 ? 0.1f : 1 / std::sqrt(static_cast<float>(p.size() / p.dims[0]));
    for (float& v : p.value) v = scale * normal(random);
  }
  Parameter& before_relu = *parameters.Find("b.a.weight");
  for (size_t i = 0; i < before_relu.value.size(); ++i) {
    const auto channel = static_cast<float>(i * 8 / before_relu.value.size());
    before_relu.value[i] *= std::pow(10.f, channel / 7 * 1.2f - 0.6f);
  }
  parameters.MarkChanged();
  return parameters;
}

/// Channels know of each other, as latents do.
std::vector<Tensor> Inputs(int count, unsigned seed) {
  std::mt19937 fixed(11), random(seed);
  std::normal_distribution<float> normal;
  float mix[2][kChannels];
  for (auto& row : mix) {
    for (float& v : row) v = normal(fixed);
  }
  std::vector<Tensor> inputs;
  for (int i = 0; i < count; ++i) {
    Tensor& x = inputs.emplace_back(Shape{1, kChannels, kSide, kSide});
    for (int64_t p = 0; p < kSide * kSide; ++p) {
      const float first = normal(random), second = normal(random);
      for (int c = 0; c < kChannels; ++c) x.data()[p * kChannels + c] = first * mix[0][c] + second * mix[1][c];
    }
  }
  return inputs;
}

std::vector<std::vector<float>> RunFloats(const Network& network, Parameters& parameters,
                                          const std::vector<Tensor>& inputs) {
  const auto graph = Graph::Create(network, inputs[0].shape(), parameters, Graph::Mode::kInference).value();
  std::vector<std::vector<float>> results;
  for (const Tensor& x : inputs) {
    const float* y = graph->Forward(x.data());
    results.emplace_back(y, y + graph->output_shape().size());
  }
  return results;
}

/// Mean square of what the integers of a network with these ranges give, less `wanted`. scale: of the inputs in 8 bits.
double ErrorOfIntegers(const Network& network, const Parameters& parameters, const std::vector<float>& ranges,
                       double scale, const std::vector<Tensor>& inputs, const std::vector<std::vector<float>>& wanted) {
  const IntegerNetwork integers = IntegerNetwork::Create(network, parameters, {scale, 128}, ranges).value();
  double sum = 0, count = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<uint8_t> x;
    for (int64_t k = 0; k < inputs[i].size(); ++k) {
      x.push_back(static_cast<uint8_t>(std::clamp(std::nearbyint(inputs[i].data()[k] / scale) + 128, 0.0, 255.0)));
    }
    const std::vector<float> y = integers.RunScalar(x.data(), kSide, kSide);
    for (size_t k = 0; k < y.size(); ++k) sum += std::pow(y[k] - wanted[i][k], 2);
    count += static_cast<double>(y.size());
  }
  return sum / count;
}

double ScaleOf(const std::vector<float>& ranges) { return kIntegerHeadroom * ranges[0] / 127; }

TEST(RoundNetwork, IntegersComeNearerToTheFloats) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  const std::vector<Tensor> inputs = Inputs(24, 1), others = Inputs(6, 2);
  const auto floats = RunFloats(network, parameters, others);
  const auto plain = IntegerNetwork::FindRanges(network, parameters, inputs).value();
  const double before = ErrorOfIntegers(network, parameters, plain, ScaleOf(plain), others, floats);
  const auto ranges = RoundNetwork(network, parameters, inputs, ReadAs::kRounded).value();
  EXPECT_LT(ErrorOfIntegers(network, parameters, ranges, ScaleOf(ranges), others, floats), 0.7 * before);
}

/// As pixels are: on the grid of 8 bits already.
TEST(RoundNetwork, InputsThatAreIntegersAreReadAsTheyAre) {
  constexpr float kUnit = 1 / 24.f;
  const auto on_grid = [](std::vector<Tensor> inputs) {
    for (Tensor& x : inputs) {
      for (int64_t k = 0; k < x.size(); ++k) {
        x.data()[k] = std::clamp(std::nearbyint(x.data()[k] / kUnit), -128.f, 127.f) * kUnit;
      }
    }
    return inputs;
  };
  const Network network = SmallNetwork();
  const std::vector<Tensor> inputs = on_grid(Inputs(24, 1)), others = on_grid(Inputs(6, 2));
  std::vector<double> errors;
  for (const ReadAs read_as : {ReadAs::kExact, ReadAs::kRounded}) {
    Parameters parameters = RandomWeights(network);
    const auto floats = RunFloats(network, parameters, others);
    const auto plain = IntegerNetwork::FindRanges(network, parameters, inputs).value();
    const double before = ErrorOfIntegers(network, parameters, plain, kUnit, others, floats);
    const auto ranges = RoundNetwork(network, parameters, inputs, read_as).value();
    errors.push_back(ErrorOfIntegers(network, parameters, ranges, kUnit, others, floats));
    EXPECT_LT(errors.back(), 0.7 * before);
  }
  EXPECT_LT(errors[0], errors[1]) << "weights were fitted to inputs that are rounded once more";
}

TEST(RoundNetwork, ChannelsThatInputsNeverSwitchOnKeepTheirScale) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  parameters.Find("b.a.bias")->value[2] = -1000;
  ASSERT_TRUE(RoundNetwork(network, parameters, Inputs(24, 1), ReadAs::kRounded).ok());
  EXPECT_NEAR(parameters.Find("b.a.bias")->value[2], -1000, 1);
}

TEST(RoundNetwork, ResultsThatAreNotFiniteAreRefused) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  for (const char* name : {"a.weight", "b.b.weight"}) {
    for (float& v : parameters.Find(name)->value) v = 1e30f;
  }
  parameters.MarkChanged();
  EXPECT_EQ(RoundNetwork(network, parameters, Inputs(4, 1), ReadAs::kRounded).status().code(), StatusCode::kModel);
}

TEST(RoundNetwork, ChannelsBehindAReluBecomeEquallyLarge) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  const std::vector<Tensor> inputs = Inputs(24, 1);
  ASSERT_TRUE(RoundNetwork(network, parameters, inputs, ReadAs::kRounded).ok());
  Network up_to_relu = {network[0]};
  const Network branch = SumBranches(network[1]).value()[1];
  up_to_relu.insert(up_to_relu.end(), branch.begin(), branch.begin() + 2);
  std::vector<float> most(8);
  for (const std::vector<float>& y : RunFloats(up_to_relu, parameters, inputs)) {
    for (size_t k = 0; k < y.size(); ++k) most[k % 8] = std::max(most[k % 8], y[k]);
  }
  EXPECT_LT(*std::max_element(most.begin(), most.end()), 1.3f * *std::min_element(most.begin(), most.end()));
}

TEST(RoundNetwork, RareLargeValuesAreClipped) {
  const Network network = SmallNetwork();
  std::vector<Tensor> inputs = Inputs(24, 1);
  float most = 0;
  for (const Tensor& x : inputs) {
    for (int64_t k = 0; k < x.size(); ++k) most = std::max(most, std::fabs(x.data()[k]));
  }
  inputs[3].data()[5] = 1.3f * most;  // alone
  Parameters parameters = RandomWeights(network);
  const auto ranges = RoundNetwork(network, parameters, inputs, ReadAs::kRounded).value();
  EXPECT_LT(kIntegerHeadroom * ranges[0], 1.2f * most);
}

TEST(RoundNetwork, WhatIsNotFiniteIsNamedAndNothingChanges) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  parameters.Find("c.bias")->value[1] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> weights = parameters.Find("a.weight")->value;
  const Status status = RoundNetwork(network, parameters, Inputs(2, 1), ReadAs::kRounded).status();
  EXPECT_EQ(status.code(), StatusCode::kModel);
  EXPECT_NE(status.message().find("\"c.bias\" is not finite"), std::string::npos) << status.message();
  EXPECT_EQ(parameters.Find("a.weight")->value, weights);
}

TEST(RoundNetwork, WithoutInputsThereIsNothingToChooseRangesBy) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  EXPECT_EQ(RoundNetwork(network, parameters, {}, ReadAs::kExact).status().code(), StatusCode::kModel);
}

/// Dead channels, and inputs that are all 0, as an untrained network has them.
TEST(RoundNetwork, StaysFiniteWhereNothingIsRead) {
  const Network network = SmallNetwork();
  Parameters parameters = RandomWeights(network);
  for (float& v : parameters.Find("b.a.weight")->value) v = 0;
  for (float& v : parameters.Find("b.a.bias")->value) v = -1;
  std::vector<Tensor> inputs = Inputs(4, 1);
  for (Tensor& x : inputs) std::fill_n(x.data(), x.size(), 0.f);
  const auto ranges = RoundNetwork(network, parameters, inputs, ReadAs::kRounded).value();
  for (const Parameter& p : parameters.list()) EXPECT_TRUE(AllFinite(p.value)) << p.name;
  EXPECT_TRUE(IntegerNetwork::Create(network, parameters, {1, 128}, ranges).ok());
}

}  // namespace
}  // namespace aecomp
