#include "train/export/convolution_reads.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "model/integer/integer_network_layout.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

struct Layer {
  const char* description;
  const char* json;
};

constexpr Layer kLayers[] = {
    {"a convolution", R"({"type": "conv2d", "in": 3, "out": 5, "kernel": 3, "padding": 1})"},
    {"one that goes down", R"({"type": "conv2d", "in": 3, "out": 5, "kernel": 8, "stride": 4, "padding": 2})"},
    {"one that goes up", R"({"type": "conv_transpose2d", "in": 3, "out": 5, "kernel": 4, "stride": 2, "padding": 1})"},
    {"one that goes far up",
     R"({"type": "conv_transpose2d", "in": 3, "out": 5, "kernel": 8, "stride": 4, "padding": 2})"},
    {"one that leaves positions out", R"({"type": "conv_transpose2d", "in": 3, "out": 5, "kernel": 2, "stride": 4})"},
};

TEST(ConvolutionReads, TimesWeightsIsTheConvolution) {
  for (const Layer& layer : kLayers) {
    SCOPED_TRACE(layer.description);
    nlohmann::json spec = nlohmann::json::parse(layer.json);
    spec["name"] = "a";
    const Network network = ParseNetwork(nlohmann::json::array({spec})).value();
    const IntegerLayer l = LayOutIntegerNetwork(network).value()[0].layer;
    Parameters parameters;
    Tensor x({1, 3, 8, 12});
    const auto graph = Graph::Create(network, x.shape(), parameters, Graph::Mode::kInference).value();
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    Parameter& weight = *parameters.Find("a.weight");
    for (float& v : weight.value) v = normal(random);
    for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = normal(random);
    parameters.MarkChanged();
    Tensor y(graph->output_shape());
    std::copy_n(graph->Forward(x.data()), y.size(), y.data());

    Parameter copy{"copy", weight.dims, std::vector<float>(weight.value.size()), {}};
    int64_t positions = 0;
    for (const ConvolutionPhase& phase : PhasesOf(l)) {
      const std::vector<float> reads = ReadsOf(l, phase, x), values = ValuesAt(phase, y);
      const DoubleMatrix weights = WeightsOf(l, phase, weight);
      ASSERT_EQ(std::ssize(values), phase.Positions(y.shape()) * l.out);
      ASSERT_EQ(std::ssize(reads), phase.Positions(y.shape()) * weights.rows());
      for (size_t p = 0, at = 0; at < values.size(); ++p) {
        for (int o = 0; o < l.out; ++o, ++at) {
          double sum = 0;
          for (Eigen::Index d = 0; d < weights.rows(); ++d) {
            sum += weights(d, o) * reads[p * static_cast<size_t>(weights.rows()) + static_cast<size_t>(d)];
          }
          ASSERT_NEAR(sum, values[at], 1e-4);
        }
      }
      positions += phase.Positions(y.shape());
      SetWeights(l, phase, weights, copy);
    }
    EXPECT_EQ(positions, int64_t{y.shape().h} * y.shape().w);
    EXPECT_EQ(copy.value, weight.value);
  }
}

}  // namespace
}  // namespace aecomp
