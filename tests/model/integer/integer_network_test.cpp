#include "model/integer/integer_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "model/integer/integer_band_runner.h"
#include "model/integer/integer_network_runner.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

/// Two stages with residual blocks, down and up again: every kind of step.
Network SmallNetwork() {
  const char* text = R"([
    {"type": "conv2d", "name": "a", "in": 3, "out": 16, "kernel": 4, "stride": 2, "padding": 1},
    {"type": "sum", "name": "b", "branches": [[], [
      {"type": "conv2d", "name": "b.0", "in": 16, "out": 16, "kernel": 3, "padding": 1},
      {"type": "relu", "name": "b.0.relu"},
      {"type": "conv2d", "name": "b.1", "in": 16, "out": 16, "kernel": 3, "padding": 1}]]},
    {"type": "conv_transpose2d", "name": "c", "in": 16, "out": 8, "kernel": 4, "stride": 2, "padding": 1},
    {"type": "relu", "name": "c.relu"},
    {"type": "conv2d", "name": "d", "in": 8, "out": 5, "kernel": 3, "padding": 1}])";
  return ParseNetwork(nlohmann::json::parse(text)).value();
}

Parameters RandomWeights(const Network& network, const Shape& input) {
  Parameters parameters;
  EXPECT_TRUE(Graph::Create(network, input, parameters, Graph::Mode::kInference).ok());
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    const float scale = p.dims.size() == 1 ? 0.1f : 1.5f / std::sqrt(static_cast<float>(p.size() / p.dims[0]));
    for (float& v : p.value) v = scale * normal(random);
  }
  parameters.MarkChanged();
  return parameters;
}

struct Case {
  Network network = SmallNetwork();
  Shape input{1, 3, 22, 18};
  Parameters parameters = RandomWeights(network, input);
  std::vector<Tensor> calibration;
  std::vector<uint8_t> x;

  Case() {
    std::mt19937 random(4);
    for (int i = 0; i < 5; ++i) {
      Tensor& t = calibration.emplace_back(input);
      for (int64_t k = 0; k < t.size(); ++k)
        t.data()[k] = static_cast<float>(static_cast<int>(random() % 256) - 128) / 255;
    }
    for (int64_t k = 0; k < input.size(); ++k) x.push_back(static_cast<uint8_t>(random()));
  }
  Result<IntegerNetwork> Make() {
    const auto ranges = IntegerNetwork::FindRanges(network, parameters, calibration);
    return IntegerNetwork::Create(network, parameters, {1 / 255., 128}, ranges.value());
  }
};

/// Rows of x [h, w * channels].
FillInput RowsOf(const std::vector<uint8_t>& x, int row) {
  return [&x, row](int y, uint8_t* to) { std::copy_n(x.data() + int64_t{y} * row, row, to); };
}

/// Some sums times scale, into `seen` [output.h, output.w, output.c].
TakeSums Into(std::vector<float>& seen, const Shape& output) {
  return [&seen, output](const IntegerConv::Sums& sums, const float* scale) {
    size_t at = static_cast<size_t>((int64_t{sums.y} * output.w + sums.x) * output.c);
    for (int r = 0; r < sums.repeats; ++r) {
      for (int k = 0; k < sums.width; ++k) {
        seen[at++] = static_cast<float>(sums.acc[r * sums.stride + k] + sums.bias[k]) * scale[k];
      }
    }
  };
}

/// `seen` holds `whole` within the area, and -1e9 around it.
void ExpectArea(const std::vector<float>& seen, const std::vector<float>& whole, const IntegerConv::Area& area,
                const Shape& output) {
  for (size_t at = 0; at < whole.size(); ++at) {
    const auto pixel = static_cast<int>(at) / output.c, y = pixel / output.w, x = pixel % output.w;
    const bool inside = y >= area.top && y < area.bottom && x >= area.left && x < area.right;
    ASSERT_EQ(seen[at], inside ? whole[at] : -1e9f) << output.h << " " << y << " " << x;
  }
}

TEST(IntegerNetwork, FastAndScalarAreEqual) {
  Case c;
  const IntegerNetwork network = c.Make().value();
  ASSERT_EQ(network.steps().size(), 5u);
  IntegerNetworkRunner runner(network, c.input.h, c.input.w);
  for (int trial = 0; trial < 3; ++trial) {
    const float* y = runner.Run(RowsOf(c.x, c.input.w * c.input.c));
    EXPECT_EQ(std::vector<float>(y, y + runner.output().size()), network.RunScalar(c.x.data(), c.input.h, c.input.w));
    for (uint8_t& v : c.x) v = static_cast<uint8_t>(trial == 0 ? 255 - v : v < 128 ? 0 : 255);  // extremes: saturation
  }
}

/// The decoder's end: a transposed convolution whose sums come in another order than its outputs.
TEST(IntegerNetwork, AreasAreEqualToTheWhole) {
  for (const bool transposed : {false, true}) {
    Case c;
    if (transposed) c.network.resize(3);
    const IntegerNetwork network = c.Make().value();
    IntegerNetworkRunner runner(network, c.input.h, c.input.w);
    const std::vector<float> whole = network.RunScalar(c.x.data(), c.input.h, c.input.w);
    const Shape output = runner.output();
    const FillInput fill = RowsOf(c.x, c.input.w * c.input.c);
    const std::vector<IntegerConv::Area> areas = {
        {0, output.h, 0, output.w}, {3, 8, 5, 14}, {0, 1, 0, 1}, {21, 22, 15, 18}, {4, 5, 3, 5}};
    for (const IntegerConv::Area& area : areas) {
      std::vector<float> seen(whole.size(), -1e9f);
      runner.Run(fill, area, Into(seen, output));
      ExpectArea(seen, whole, area, output);
    }
    // Several areas of one run, one of them empty; and memory that was given back comes again.
    runner.Release();
    std::vector<float> seen(whole.size(), -1e9f);
    const std::vector<IntegerConv::Area> rows = {{0, 7, 0, output.w}, {9, 7, 0, output.w}, {7, output.h, 0, output.w}};
    size_t next = 0;
    const auto next_area = [&](IntegerConv::Area* area) {
      if (next == rows.size()) return false;
      *area = rows[next++];
      return true;
    };
    runner.Run(fill, next_area, Into(seen, output));
    ExpectArea(seen, whole, {0, output.h, 0, output.w}, output);
  }
}

/// The encoder's kind: many more rows than are computed at a time, and fewer; two residual blocks in a row; a step that
/// does not look at the end of its input.
TEST(IntegerNetwork, BandsAreEqualToTheWhole) {
  const char* encoder = R"([
    {"type": "conv2d", "name": "a", "in": 3, "out": 16, "kernel": 8, "stride": 4, "padding": 2},
    {"type": "sum", "name": "b", "branches": [[], [
      {"type": "conv2d", "name": "b.0", "in": 16, "out": 16, "kernel": 3, "padding": 1},
      {"type": "relu", "name": "b.0.relu"},
      {"type": "conv2d", "name": "b.1", "in": 16, "out": 16, "kernel": 3, "padding": 1}]]},
    {"type": "sum", "name": "c", "branches": [[], [
      {"type": "conv2d", "name": "c.0", "in": 16, "out": 24, "kernel": 5, "padding": 2},
      {"type": "relu", "name": "c.0.relu"},
      {"type": "conv2d", "name": "c.1", "in": 24, "out": 16, "kernel": 1}]]},
    {"type": "conv2d", "name": "d", "in": 16, "out": 32, "kernel": 4, "stride": 2, "padding": 1},
    {"type": "conv2d", "name": "e", "in": 32, "out": 5, "kernel": 3, "padding": 1}])";
  const char* gaps = R"([
    {"type": "conv2d", "name": "a", "in": 3, "out": 16, "kernel": 2, "stride": 4, "padding": 1},
    {"type": "relu", "name": "a.relu"},
    {"type": "conv2d", "name": "b", "in": 16, "out": 5, "kernel": 3, "padding": 1}])";
  struct Trial {
    const char* network;
    int h, w;
  };
  for (const auto& [text, h, w] : {Trial{encoder, 8, 16},
                                   {encoder, 88, 40},
                                   {encoder, 344, 24},
                                   {encoder, 1000, 16},
                                   {gaps, 255, 23},
                                   {gaps, 256, 20}}) {
    Case c;
    c.network = ParseNetwork(nlohmann::json::parse(text)).value();
    c.input = {1, 3, h, w};
    c.parameters = RandomWeights(c.network, c.input);
    c.calibration.clear();
    Tensor& t = c.calibration.emplace_back(c.input);
    c.x.clear();
    for (int64_t k = 0; k < t.size(); ++k) {
      c.x.push_back(static_cast<uint8_t>(k * 7919 >> 5));
      t.data()[k] = static_cast<float>(static_cast<int>(c.x.back()) - 128) / 255;
    }
    const IntegerNetwork network = c.Make().value();
    ASSERT_TRUE(IntegerBandRunner::Suits(network));
    IntegerBandRunner runner(network, h, w);
    const std::vector<float> whole = network.RunScalar(c.x.data(), h, w);
    const Shape output = runner.output();
    for (const IntegerConv::Area& area :
         {IntegerConv::Area{0, output.h, 0, output.w}, {output.h / 2, output.h, 1, 2}, {0, 1, 0, output.w}}) {
      std::vector<float> seen(whole.size(), -1e9f);
      runner.Run(RowsOf(c.x, w * 3), area, Into(seen, output));
      ExpectArea(seen, whole, area, output);
      runner.Release();
    }
  }
}

TEST(IntegerNetwork, TransposedConvolutionsDoNotSuitBands) {
  Case c;
  c.network.resize(3);
  EXPECT_FALSE(IntegerBandRunner::Suits(c.Make().value()));
}

TEST(IntegerNetwork, OneForLargeInputsRunsSmallOnes) {
  Case c;
  const IntegerNetwork network = c.Make().value();
  IntegerNetworkRunner runner(network, 40, 26);
  for (const auto& [h, w] : {std::pair{40, 26}, {22, 18}, {2, 26}, {40, 2}, {6, 4}, {40, 26}}) {
    std::vector<uint8_t> x(static_cast<size_t>(h * w * 3));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(i * 7919 >> 4);
    runner.SetSize(h, w);
    const float* y = runner.Run(RowsOf(x, w * 3));
    EXPECT_EQ(std::vector<float>(y, y + runner.output().size()), network.RunScalar(x.data(), h, w)) << h << "x" << w;
  }
}

TEST(IntegerNetwork, IsCloseToTheFloatNetwork) {
  Case c;
  const IntegerNetwork network = c.Make().value();
  IntegerNetworkRunner runner(network, c.input.h, c.input.w);
  auto graph = Graph::Create(c.network, c.input, c.parameters, Graph::Mode::kInference).value();
  Tensor x(c.input);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<float>(c.x[static_cast<size_t>(k)] - 128) / 255;
  const float* want = graph->Forward(x.data());
  ASSERT_EQ(runner.output(), graph->output_shape());
  const float* got = runner.Run(RowsOf(c.x, c.input.w * c.input.c));
  double error = 0, energy = 0;
  for (int64_t i = 0; i < runner.output().size(); ++i)
    error += std::pow(got[i] - want[i], 2), energy += std::pow(want[i], 2);
  EXPECT_LT(std::sqrt(error / energy), 0.03);
  EXPECT_GT(std::sqrt(error / energy), 1e-4) << "this is quantised";
}

TEST(IntegerNetwork, RefusesWhatItCannotRun) {
  const auto message = [](const char* text) {
    Case c;
    c.network = ParseNetwork(nlohmann::json::parse(text)).value();
    const Status status = IntegerNetwork::FindRanges(c.network, c.parameters, c.calibration).status();
    EXPECT_EQ(status.code(), StatusCode::kModel);
    return status.message();
  };
  EXPECT_NE(message(R"([{"type": "relu", "name": "r"}])").find("'r'"), std::string::npos);
  EXPECT_NE(message(R"([{"type": "sigmoid", "name": "s"}])").find("'s'"), std::string::npos);
  EXPECT_NE(message(R"([{"type": "conv2d", "name": "g", "in": 4, "out": 4, "kernel": 1, "groups": 2}])").find("groups"),
            std::string::npos);
  // The relu would take away from what the other branch adds as well.
  EXPECT_NE(message(R"([{"type": "conv2d", "name": "a", "in": 4, "out": 4, "kernel": 1}, {"type": "sum", "name": "b",
      "branches": [[], [{"type": "relu", "name": "b.r"},
                        {"type": "conv2d", "name": "b.c", "in": 4, "out": 4, "kernel": 1}]]},
      {"type": "conv2d", "name": "c", "in": 4, "out": 4, "kernel": 1}])")
                .find("'b' (sum): its branch begins with a relu"),
            std::string::npos);
  EXPECT_NE(message("[]").find("does not end in a convolution"), std::string::npos);
  Case c;
  const std::vector<float> ranges = {1, 1, 1, 1, 1};
  EXPECT_EQ(IntegerNetwork::Create(c.network, c.parameters, {}, ranges).status().code(), StatusCode::kModel);
  const std::vector<float> bad = {1, 1, NAN, 1, 1, 1};
  EXPECT_EQ(IntegerNetwork::Create(c.network, c.parameters, {}, bad).status().code(), StatusCode::kModel);
}

}  // namespace
}  // namespace aecomp
