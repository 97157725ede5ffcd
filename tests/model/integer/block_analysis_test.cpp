#include "model/integer/block_analysis.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "model/network/graph.h"
#include "tests/model/random_weights.h"

namespace aecomp {
namespace {

Network Blocks(int kernel, int stride, int lap) {
  std::string text = "[";
  if (lap > 0) text += R"({"type": "lap", "name": "lap", "block": )" + std::to_string(lap) + "}, ";
  text += R"({"type": "conv2d", "name": "blocks", "in": 3, "out": 20, "kernel": )" + std::to_string(kernel) +
          R"(, "stride": )" + std::to_string(stride) + "}]";
  return ParseNetwork(nlohmann::json::parse(text)).value();
}

/// Rows of blocks [h, 16, w, 3] of a picture.
BlockAnalysis::Load RowsOf(const Tensor& x) {
  return [&x](int i, float* pixels) {
    const int64_t size = int64_t{16} * x.shape().w * x.shape().c;
    std::copy_n(x.data() + i * size, size, pixels);
  };
}

TEST(BlockAnalysis, IsCloseToTheFloatNetwork) {
  for (const int lap : {0, 16}) {
    const Network network = Blocks(16, 16, lap);
    const Shape input{1, 3, 5 * 16, 9 * 16};
    Parameters parameters = RandomWeights(network, input, 0.04f);
    const BlockAnalysis blocks = BlockAnalysis::Create(network, parameters).value();
    auto graph = Graph::Create(network, input, parameters, Graph::Mode::kInference).value();
    Tensor x(input);
    std::mt19937 random(5);
    std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
    for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = k < x.size() / 2 ? uniform(random) : 0.5f;
    const float* expected = graph->Forward(x.data());
    const BlockAnalysis::Area area{1, 5, 2, 9};
    const int64_t stride = 7 * 20 + 3;
    std::vector<float> y(4 * stride, -1.f);
    blocks.Run(RowsOf(x), 5, 9, area, y.data(), stride);
    for (int i = 0; i < 4; ++i) {
      for (int k = 0; k < 7 * 20; ++k) {
        ASSERT_NEAR(y[static_cast<size_t>(i * stride + k)], expected[((i + 1) * 9 + 2) * 20 + k], 1e-3);
      }
      ASSERT_EQ(y[static_cast<size_t>(i * stride + 7 * 20)], -1.f) << "nothing is written beside the area";
    }
  }
}

TEST(BlockAnalysis, ThreadsDoNotChangeIt) {
  const Network network = Blocks(16, 16, 16);
  const Shape input{1, 3, 7 * 16, 4 * 16};
  const Parameters parameters = RandomWeights(network, input, 0.04f);
  const BlockAnalysis blocks = BlockAnalysis::Create(network, parameters).value();
  Tensor x(input);
  std::mt19937 random(6);
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = uniform(random);
  const auto run = [&](int threads) {
    omp_set_num_threads(threads);
    std::vector<float> y(7 * 4 * 20, -1.f);
    blocks.Run(RowsOf(x), 7, 4, {0, 7, 0, 4}, y.data(), 4 * 20);
    return y;
  };
  const int before = omp_get_max_threads();
  const std::vector<float> alone = run(1);
  for (const int threads : {2, 3, 7, 9}) EXPECT_EQ(run(threads), alone) << threads;
  omp_set_num_threads(before);
}

TEST(BlockAnalysis, ExtremePixelsDoNotWrap) {
  const Network network = Blocks(16, 16, 16);
  const Shape input{1, 3, 3 * 16, 3 * 16};
  Parameters parameters = RandomWeights(network, input, 0.04f);
  for (float& v : parameters.Find("blocks.weight")->value) v = 1 / std::sqrt(768.f);  // a mean of the block
  const BlockAnalysis blocks = BlockAnalysis::Create(network, parameters).value();
  auto graph = Graph::Create(network, input, parameters, Graph::Mode::kInference).value();
  for (const float pixel : {-0.5f, 0.5f}) {
    Tensor x(input);
    std::fill_n(x.data(), x.size(), pixel);
    const float* expected = graph->Forward(x.data());
    std::vector<float> y(9 * 20);
    blocks.Run(RowsOf(x), 3, 3, {0, 3, 0, 3}, y.data(), 3 * 20);
    for (size_t k = 0; k < y.size(); ++k) ASSERT_NEAR(y[k], expected[k], 6e-3);
  }
}

TEST(BlockAnalysis, RefusesWhatItCannotRun) {
  const auto message = [](const Network& network) { return BlockAnalysis::Check(network).message(); };
  EXPECT_EQ(message(Blocks(16, 16, 16)), "");
  EXPECT_EQ(message(Blocks(8, 8, 0)), "");
  EXPECT_NE(message(Blocks(16, 8, 0)).find("'blocks'"), std::string::npos);
  EXPECT_NE(message(Blocks(16, 16, 8)).find("'lap'"), std::string::npos);
  Network none;
  EXPECT_NE(message(none), "");
  const Network network = Blocks(8, 8, 0);
  Parameters parameters = RandomWeights(network, {1, 3, 16, 16}, 0.04f);
  parameters.Find("blocks.weight")->value[3] = 1e5f;
  EXPECT_NE(BlockAnalysis::Create(network, parameters).status().message().find("'blocks'"), std::string::npos);
}

}  // namespace
}  // namespace aecomp
