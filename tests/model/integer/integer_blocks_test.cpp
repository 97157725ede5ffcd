#include "model/integer/integer_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "model/integer/pair_product.h"
#include "model/network/graph.h"
#include "tests/model/random_weights.h"

namespace aecomp {
namespace {

Network Blocks(int in, int kernel, int stride, bool lap) {
  std::string text = R"([{"type": "conv_transpose2d", "name": "blocks", "in": )" + std::to_string(in) +
                     R"(, "out": 3, "kernel": )" + std::to_string(kernel) + R"(, "stride": )" + std::to_string(stride) +
                     "}";
  if (lap) {
    text += R"(, {"type": "lap", "name": "unlap", "block": )" + std::to_string(stride) + R"(, "inverse": true})";
  }
  return ParseNetwork(nlohmann::json::parse(text + "]")).value();
}

std::vector<int16_t> RandomLatents(int64_t size, float spread) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<int16_t> latents;
  for (int64_t i = 0; i < size; ++i) {
    latents.push_back(static_cast<int16_t>(std::clamp(spread * normal(random), -32767.f, 32767.f)));
  }
  return latents;
}

TEST(PairProduct, AllGiveTheSame) {
  constexpr int kPairs = 9, kColumns = 2 * kPairLanes;
  std::mt19937 random(1);
  std::vector<int32_t> left(kPairs * kPairRows), right(kPairs * kColumns), bias(kColumns);
  for (auto* values : {&left, &right, &bias}) {
    for (int32_t& v : *values) v = static_cast<int32_t>(random());
  }
  for (int32_t& v : right) v |= 1 | 1 << 16;  // no two factors of -32768
  left[0] = static_cast<int32_t>(0x80007FFF), right[0] = static_cast<int32_t>(0x80017FFF);
  std::vector<int32_t> expected(kPairRows * kColumns), sums(expected.size());
  for (int r = 0; r < kPairRows; ++r) {
    for (int c = 0; c < kColumns; ++c) {
      int64_t sum = bias[static_cast<size_t>(c)];
      for (int p = 0; p < kPairs; ++p) {
        const int32_t x = left[static_cast<size_t>(p * kPairRows + r)],
                      w = right[static_cast<size_t>(p * kColumns + c)];
        sum += int64_t{static_cast<int16_t>(x)} * static_cast<int16_t>(w) + int64_t{x >> 16} * (w >> 16);
      }
      expected[static_cast<size_t>(r * kColumns + c)] = static_cast<int32_t>(static_cast<uint64_t>(sum));
    }
  }
  ASSERT_FALSE(PairProducts().empty());
  for (const PairProduct& product : PairProducts()) {
    std::fill(sums.begin(), sums.end(), 0);
    product.run(left.data(), kPairs, right.data(), bias.data(), kColumns, sums.data());
    EXPECT_EQ(sums, expected) << product.name;
  }
}

TEST(IntegerBlocks, FastAndScalarAreEqual) {
  for (const int in : {7, 16}) {
    const Network network = Blocks(in, 8, 8, /*lap=*/false);
    const Shape input{1, in, 3, 8};
    const IntegerBlocks blocks = IntegerBlocks::Create(network, RandomWeights(network, input, 0.1f)).value();
    const int64_t stride = 8 * in + 5;
    const std::vector<int16_t> latents = RandomLatents(3 * stride, 20000);  // sums wrap
    std::vector<float> pixels(3 * 8 * 8 * 8 * 3);
    blocks.Run(latents.data(), 3, 8, stride, pixels.data());
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 8; ++j) {
        const std::vector<float> block = blocks.BlockScalar(latents.data() + i * stride + int64_t{j} * in);
        for (int a = 0; a < 8; ++a) {
          for (int k = 0; k < 24; ++k) {
            EXPECT_EQ(pixels[static_cast<size_t>(((i * 8 + a) * 8 + j) * 24 + k)],
                      block[static_cast<size_t>(a * 24 + k)]);
          }
        }
      }
    }
  }
}

TEST(IntegerBlocks, IsCloseToTheFloatNetwork) {
  const Network network = Blocks(20, 16, 16, /*lap=*/true);
  const Shape input{1, 20, 4, 5};
  Parameters parameters = RandomWeights(network, input, 0.1f);
  const IntegerBlocks blocks = IntegerBlocks::Create(network, parameters).value();
  auto graph = Graph::Create(network, input, parameters, Graph::Mode::kInference).value();
  const std::vector<int16_t> latents = RandomLatents(input.size(), 1000);
  Tensor x(input);
  for (int64_t k = 0; k < x.size(); ++k)
    x.data()[k] = static_cast<float>(latents[static_cast<size_t>(k)]) * kLatentUnit;
  std::vector<float> pixels(static_cast<size_t>(graph->output_shape().size()));
  blocks.Run(latents.data(), input.h, input.w, int64_t{input.w} * input.c, pixels.data());
  const float* expected = graph->Forward(x.data());
  for (size_t i = 0; i < pixels.size(); ++i) ASSERT_NEAR(pixels[i], expected[i], 1e-3);
}

TEST(IntegerBlocks, BandsAreEqualToTheWhole) {
  const Network network = Blocks(6, 8, 8, /*lap=*/true);
  const Shape input{1, 6, 7, 5};
  const IntegerBlocks blocks = IntegerBlocks::Create(network, RandomWeights(network, input, 0.1f)).value();
  const std::vector<int16_t> latents = RandomLatents(input.size(), 1000);
  const int64_t line = 5 * 6, row = 8 * 5 * 8 * 3;
  std::vector<float> whole(static_cast<size_t>(7 * row)), bands(whole.size());
  blocks.Run(latents.data(), 7, 5, line, whole.data());
  for (const auto& [begin, end] : {std::pair{0, 3}, {3, 4}, {4, 7}}) {
    blocks.Run(latents.data() + begin * line, end - begin, 5, line, bands.data() + begin * row, begin > 0);
  }
  EXPECT_EQ(bands, whole);
}

TEST(IntegerBlocks, RefusesWhatItCannotRun) {
  const auto message = [](const Network& network) { return IntegerBlocks::Check(network).message(); };
  EXPECT_EQ(message(Blocks(4, 8, 8, true)), "");
  EXPECT_NE(message(Blocks(4, 8, 4, false)).find("'blocks'"), std::string::npos);
  Network wrong = Blocks(4, 8, 8, true);
  wrong[1] = Blocks(4, 16, 16, true)[1];
  EXPECT_NE(message(wrong).find("'unlap'"), std::string::npos);
  const Network network = Blocks(4, 8, 8, false);
  Parameters parameters = RandomWeights(network, {1, 4, 2, 2}, 0.1f);
  parameters.Find("blocks.weight")->value[3] = 100;
  EXPECT_NE(IntegerBlocks::Create(network, parameters).status().message().find("'blocks'"), std::string::npos);
}

}  // namespace
}  // namespace aecomp
