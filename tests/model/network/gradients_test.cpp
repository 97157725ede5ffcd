// Gradients of whole networks: against finite differences, wrongly shaped ones, and what may be overwritten.
#include <gtest/gtest.h>

#include <cmath>

#include "model/network/architecture_report.h"
#include "model/network/graph.h"
#include "model/network/reference/gradient_check.h"
#include "tests/model/network/architecture_files.h"

namespace aecomp::test {
namespace {

Network Joined(const Architecture& a) {
  Network all = a.encoder;
  all.insert(all.end(), a.decoder.begin(), a.decoder.end());
  return all;
}

TEST(Gradients, OfWholeArchitectures) {
  for (const auto& [name, size] : std::vector<std::pair<std::string, int>>{{"conv_small", 16},
                                                                           {"conv_pool", 12},
                                                                           {"linear_tiles", 28},
                                                                           {"shared_relu", 16},
                                                                           {"tiny", 32},
                                                                           {"gdn_small", 16},
                                                                           {"gdn_residual", 16}}) {
    const Architecture a = ReadArchitecture(ArchitectureText(name), name).value();
    const Shape input{2, a.image_channels, size, size};
    Parameters parameters;
    ASSERT_TRUE(reference::FillParameters(Joined(a), input, 1, parameters).ok());
    const auto report = reference::CheckGradients(Joined(a), input, 2, parameters);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_LT(report.value().worst_reference, 1e-4) << name;
    EXPECT_LT(report.value().worst_graph, 1e-3) << name;
    EXPECT_LT(report.value().input_error, 1e-3) << name;
    EXPECT_TRUE(report.value().unreached.empty()) << name << ": " << report.value().unreached[0];
    EXPECT_GE(report.value().layers.size(), 2u) << name;
  }
}

TEST(Gradients, UnreachedParametersAreNamed) {
  const Architecture a = ReadArchitecture(ArchitectureText("unreached_weight"), "a").value();
  Parameters parameters;
  ASSERT_TRUE(reference::FillParameters(Joined(a), {1, 1, 4, 4}, 1, parameters).ok());
  auto report = reference::CheckGradients(Joined(a), {1, 1, 4, 4}, 2, parameters);
  EXPECT_EQ(report.value().unreached, std::vector<std::string>{"conv.weight"});

  const Architecture relu = ReadArchitecture(ArchitectureText("conv_small"), "a").value();
  Parameters dead;
  ASSERT_TRUE(reference::FillParameters(relu.encoder, {1, 3, 16, 16}, 1, dead).ok());
  for (float& v : dead.Find("encoder.0.bias")->value) v = -1000;  // no relu lets anything through
  dead.MarkChanged();
  report = reference::CheckGradients(relu.encoder, {1, 3, 16, 16}, 2, dead);
  EXPECT_EQ(report.value().unreached,
            (std::vector<std::string>{"encoder.0.bias", "encoder.0.weight", "encoder.1.weight"}));
}

TEST(Gradients, NumbersThatAreNotFiniteAreErrors) {
  const Architecture a = ReadArchitecture(ArchitectureText("conv_small"), "a").value();
  const Shape input{1, 3, 16, 16};
  Parameters parameters;
  ASSERT_TRUE(reference::FillParameters(a.encoder, input, 1, parameters).ok());
  for (float& v : parameters.Find("encoder.1.weight")->value) v = NAN;
  parameters.MarkChanged();
  const auto report = reference::CheckGradients(a.encoder, input, 2, parameters);
  EXPECT_FALSE(report.value().worst_graph < 1e-3);
}

class CheckedBackward : public testing::Test {
 protected:
  void SetUp() override {
    a_ = ReadArchitecture(ArchitectureText("conv_small"), "a").value();
    graph_ = Graph::Create(a_.encoder, input_, parameters_, Graph::Mode::kTraining).value();
    for (Parameter& p : parameters_.list()) p.grad.assign(p.value.size(), 0.f);
  }
  std::string Message(const Shape& dy, const Shape& dx) {
    Tensor wrong(dy), gradient(dx);
    std::fill_n(wrong.data(), wrong.size(), 1.f);
    const Status status = graph_->Backward(wrong, &gradient);
    return status.ok() ? "ok" : status.message();
  }

  const Shape input_{2, 3, 16, 16}, output_{2, 8, 4, 4};
  Architecture a_;
  Parameters parameters_;
  std::unique_ptr<Graph> graph_;
};

TEST_F(CheckedBackward, NamesNodeGotAndExpected) {
  EXPECT_EQ(Message(output_, input_), "backward at layer 'encoder.1' (conv2d): Forward must run before it");
  const std::vector<float> x(static_cast<size_t>(input_.size()), 0.5f);
  graph_->Forward(x.data());
  EXPECT_EQ(Message(output_, input_), "ok");
  EXPECT_EQ(Message({2, 8, 4, 5}, input_),
            "backward at layer 'encoder.1' (conv2d): the gradient of its output must be 2 x 8x4x4, got 2 x 8x4x5");
  EXPECT_EQ(Message({1, 8, 4, 4}, input_),
            "backward at layer 'encoder.1' (conv2d): the gradient of its output must be 2 x 8x4x4, got 1 x 8x4x4");
  EXPECT_EQ(Message(output_, {2, 1, 16, 16}),
            "backward at layer 'encoder.0' (conv2d): the gradient of its input must be 2 x 3x16x16, got 2 x 1x16x16");
  parameters_.Find("encoder.1.bias")->grad.resize(7);
  EXPECT_EQ(Message(output_, input_),
            "backward at layer 'encoder.1' (conv2d): the gradient of \"encoder.1.bias\" must have 8 elements, got 7");
}

TEST_F(CheckedBackward, RefusesGraphsForInference) {
  graph_ = Graph::Create(a_.encoder, input_, parameters_, Graph::Mode::kInference).value();
  EXPECT_NE(Message(output_, input_).find("made for inference"), std::string::npos);
}

std::vector<std::string> InPlace(const std::string& name, Graph::Mode mode) {
  const Architecture a = ReadArchitecture(ArchitectureText(name), name).value();
  Parameters parameters;
  return Graph::Create(a.encoder, {1, a.image_channels, 16, 16}, parameters, mode).value()->InPlaceLayers();
}

/// That the gradients are right too is part of OfWholeArchitectures.
TEST(InPlace, TheGraphDecides) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(InPlace("conv_small", Graph::Mode::kTraining), Names{"encoder.0.relu"});
  // The sum reads what residual.relu reads; the way back through squash needs its own output.
  EXPECT_EQ(InPlace("shared_relu", Graph::Mode::kTraining), Names{});
  // Without a way back, the sum and the activations after it share a buffer; residual.relu still may not.
  EXPECT_EQ(InPlace("shared_relu", Graph::Mode::kInference), (Names{"residual", "squash", "squash.relu"}));
}

TEST(TrainingMemory, IsWhatTheGraphsAllocate) {
  for (const char* name : {"conv_pool", "shared_relu", "tiny", "conv_small", "gdn_small", "gdn_residual"}) {
    Architecture a = ReadArchitecture(ArchitectureText(name), name).value();
    ASSERT_TRUE(CheckArchitecture(a, std::nullopt).ok());
    int64_t bytes = 0;
    Parameters parameters;
    const std::vector<NetworkReport> networks = InferNetworks(a, {1, a.image_channels, 128, 128}).value();
    for (const NetworkReport& n : networks) {
      Shape input = n.input;
      input.n = 3;
      bytes += Graph::Create(*n.network, input, parameters, Graph::Mode::kTraining).value()->buffer_bytes();
    }
    const TrainingMemory memory = EstimateTrainingMemory(a, 3, 128).value();
    EXPECT_EQ(memory.activations + memory.gradients, static_cast<double>(bytes)) << name;
  }
}

TEST(ReceptiveFields, AreCountedInPixels) {
  const auto field = [](const std::string& name, size_t network, const std::string& layer) -> int64_t {
    Architecture a = ReadArchitecture(ArchitectureText(name), name).value();
    EXPECT_TRUE(CheckArchitecture(a, std::nullopt).ok());
    const auto cost = MeasureArchitecture(a, NetworkImage(a, {1, a.image_channels, 256, 256})).value();
    for (const LayerCost& l : cost.networks[network].layers) {
      if (l.layer.name == layer) return l.receptive_field.value_or(-1);
    }
    return -2;
  };
  EXPECT_EQ(field("conv_small", 0, "encoder.0"), 3);
  EXPECT_EQ(field("conv_small", 0, "encoder.1"), 7);      // 3 + (3 - 1)*2
  EXPECT_EQ(field("conv_small", 1, "decoder.0"), 2 * 4);  // 2 elements of the latent
  EXPECT_EQ(field("conv_pool", 0, "pool"), 4);
  EXPECT_EQ(field("shared_relu", 0, "residual.relu"), 4);
  EXPECT_EQ(field("shared_relu", 0, "residual"), 12);
  EXPECT_EQ(field("gdn_residual", 0, "encoder.gdn"), 6);
  EXPECT_EQ(field("gdn_residual", 0, "encoder.1"), 10);
  EXPECT_EQ(field("gdn_residual", 0, "encoder.pool"), 12);
  EXPECT_EQ(field("linear_tiles", 0, "analysis"), -1);
}

}  // namespace
}  // namespace aecomp::test
