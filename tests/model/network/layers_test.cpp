// Every layer type over random shapes: oneDNN against the naive reference in double precision, and the gradients of
// both against finite differences.
#include <fstream>
#include <set>

#include "model/network/layers/lap.h"
#include "tests/model/network/layer_harness.h"

namespace aecomp::test {
namespace {

constexpr int kCases = 32;

class EachLayer : public testing::TestWithParam<std::string> {
 protected:
  template <class F>
  void ForEachCase(F f) {
    CaseMaker maker(2024);
    for (int i = 0; i < kCases; ++i) {
      const LayerCase c = maker.Make(GetParam());
      SCOPED_TRACE(Describe(c));
      f(c);
      if (HasFatalFailure()) return;
    }
  }
};

TEST_P(EachLayer, MatchesReference) {
  ForEachCase([](const LayerCase& c) { Harness(c).CompareWithReference(); });
}

TEST_P(EachLayer, GradientMatchesFiniteDifferences) {
  ForEachCase([](const LayerCase& c) { Harness(c).CompareWithFiniteDifferences(); });
}

INSTANTIATE_TEST_SUITE_P(Layers, EachLayer, testing::ValuesIn(LayerTypeNames()),
                         [](const auto& instance) { return instance.param; });

/// Input sizes and options that the random cases might miss.
std::vector<LayerCase> ChosenConvolutions() {
  std::vector<LayerCase> cases;
  const auto add = [&](const char* type, const nlohmann::json& options, const Shape& input) {
    cases.push_back({MakeSpec(type, options), input});
  };
  // 1x1 with stride 2 and few input channels; depthwise; a last row and column that no window reaches.
  add("conv2d", {{"in", 3}, {"out", 16}, {"kernel", 1}, {"stride", 2}}, {2, 3, 9, 7});
  add("conv2d", {{"in", 5}, {"out", 24}, {"kernel", 1}, {"stride", 2}}, {1, 5, 8, 8});
  add("conv2d", {{"in", 24}, {"out", 24}, {"kernel", 3}, {"padding", 1}, {"groups", 24}}, {2, 24, 9, 7});
  add("conv2d", {{"in", 24}, {"out", 24}, {"kernel", 3}, {"stride", 2}, {"groups", 24}}, {2, 24, 9, 7});
  add("conv2d", {{"in", 3}, {"out", 20}, {"kernel", 4}, {"stride", 4}}, {1, 3, 11, 10});
  add("conv2d", {{"in", 3}, {"out", 20}, {"kernel", 2}, {"stride", 4}}, {1, 3, 13, 12});  // kernel < stride
  // 28 -> 14 -> 28 needs output_padding; the same kernel by stride of the block transform; kernel < stride.
  add("conv_transpose2d", {{"in", 16}, {"out", 1}, {"kernel", 3}, {"stride", 2}, {"padding", 1}, {"output_padding", 1}},
      {2, 16, 14, 14});
  add("conv_transpose2d", {{"in", 20}, {"out", 3}, {"kernel", 16}, {"stride", 16}}, {2, 20, 2, 3});
  add("conv_transpose2d", {{"in", 20}, {"out", 3}, {"kernel", 16}, {"stride", 16}, {"bias", false}}, {1, 20, 1, 1});
  add("conv_transpose2d", {{"in", 6}, {"out", 9}, {"kernel", 2}, {"stride", 4}}, {1, 6, 3, 4});
  add("conv_transpose2d", {{"in", 6}, {"out", 9}, {"kernel", 1}, {"stride", 2}, {"output_padding", 1}}, {2, 6, 3, 4});
  add("conv_transpose2d", {{"in", 24}, {"out", 24}, {"kernel", 4}, {"stride", 2}, {"padding", 1}, {"groups", 24}},
      {1, 24, 5, 3});
  for (int padding = 0; padding <= 5;
       ++padding) {  // few output channels run by depth-to-space; the crop may pass a tap
    add("conv_transpose2d", {{"in", 7}, {"out", 3}, {"kernel", 8}, {"stride", 4}, {"padding", padding}}, {2, 7, 3, 5});
  }
  return cases;
}

TEST(Convolutions, ChosenCasesMatchReference) {
  for (const LayerCase& c : ChosenConvolutions()) {
    SCOPED_TRACE(Describe(c));
    Harness(c).CompareWithReference();
    Harness(c).CompareWithFiniteDifferences();
  }
}

void CollectConvolutions(const nlohmann::json& node, std::vector<nlohmann::json>& found) {
  if (node.is_object() && node.value("type", "").starts_with("conv")) found.push_back(node);
  if (!node.is_structured()) return;
  for (const auto& child : node) CollectConvolutions(child, found);
}

TEST(Convolutions, OfReleaseArchitectureMatchReference) {
  std::ifstream file(AECOMP_SOURCE_DIR "/data/arch/release.json");
  std::vector<nlohmann::json> layers;
  CollectConvolutions(nlohmann::json::parse(file), layers);
  ASSERT_GE(layers.size(), 20u);
  std::set<std::string> seen;
  for (nlohmann::json layer : layers) {
    const std::string type = layer.at("type");
    layer.erase("name");
    if (!seen.insert(layer.dump()).second) continue;
    // Two or three positions each way, whatever the stride.
    const int stride = type == "conv2d" ? layer.value("stride", 1) : 1;
    const LayerCase c{MakeSpec(type, layer), {1, layer.at("in"), 2 * stride, 3 * stride}};
    SCOPED_TRACE(Describe(c));
    Harness(c).CompareWithReference();
  }
}

TEST(MaxPool, EqualValuesGiveTheGradientToTheFirst) {
  const LayerCase c{MakeSpec("max_pool2d", {{"kernel", 2}}), {1, 1, 2, 4}};
  Parameters parameters;
  const auto layer = FindLayerType("max_pool2d")->create(c.spec, c.input, parameters, true);
  const std::vector<float> x(8, 0.f);
  std::vector<float> y(2), dy = {3, 5}, dx(8, -1);
  layer->Forward(x.data(), y.data());
  layer->Backward(x.data(), y.data(), dy.data(), dx.data());
  EXPECT_EQ(dx, (std::vector<float>{3, 0, 5, 0, 0, 0, 0, 0}));
}

TEST(AvgPool, PaddingCountsAsZeros) {
  const LayerCase c{MakeSpec("avg_pool2d", {{"kernel", 2}, {"stride", 2}, {"padding", 1}}), {1, 1, 2, 2}};
  Parameters parameters;
  const auto layer = FindLayerType("avg_pool2d")->create(c.spec, c.input, parameters, true);
  const std::vector<float> x = {4, 8, 12, 16};
  std::vector<float> y(4), dy = {4, 8, 12, 16}, dx(4, -1);
  layer->Forward(x.data(), y.data());
  layer->Backward(x.data(), y.data(), dy.data(), dx.data());
  EXPECT_EQ(y, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(dx, (std::vector<float>{1, 2, 3, 4}));
}

/// Two channels at one position, by hand: gdn as it starts, and what igdn multiplies with.
TEST(Gdn, DividesByTheRootOfTheWeightedSquares) {
  for (const char* type : {"gdn", "igdn"}) {
    Parameters parameters;
    const auto layer =
        FindLayerType(type)->create(MakeSpec(type, nlohmann::json::object()), {1, 2, 1, 1}, parameters, false);
    const double sums[] = {1 + 0.1 * 4 + 1e-4 * 9, 1 + 1e-4 * 4 + 0.1 * 9};
    const std::vector<float> x = {2, -3};
    std::vector<float> y(2);
    layer->Forward(x.data(), y.data());
    for (size_t i = 0; i < 2; ++i) {
      const double root = std::sqrt(sums[i]);
      EXPECT_NEAR(y[i], type == std::string("gdn") ? x[i] / root : x[i] * root, 1e-5) << type;
    }
    EXPECT_EQ(parameters.Find("layer.beta")->dims, std::vector<int64_t>{2});
    EXPECT_EQ(parameters.Find("layer.gamma")->dims, (std::vector<int64_t>{2, 2}));
  }
}

/// Making a second graph must not reset what was trained.
TEST(Gdn, KeepsParametersThatExist) {
  Parameters parameters;
  const LayerSpec spec = MakeSpec("gdn", nlohmann::json::object());
  const auto first = FindLayerType("gdn")->create(spec, {1, 3, 2, 2}, parameters, true);
  parameters.Find("layer.gamma")->value[4] = 7;
  const auto second = FindLayerType("gdn")->create(spec, {1, 3, 4, 4}, parameters, true);
  EXPECT_EQ(parameters.Find("layer.gamma")->value[4], 7);
}

TEST(Lap, IsUndoneByItsInverseAndKeepsEnergyAndConstants) {
  const Shape shape{2, 3, 48, 80};
  std::vector<float> x(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(std::sin(0.37 * static_cast<double>(i * i % 1009)));
  std::vector<float> y = x;
  Lap(shape, 16, false, y.data());
  double change = 0, before = 0, after = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    change += std::abs(x[i] - y[i]), before += double{x[i]} * x[i], after += double{y[i]} * y[i];
  }
  EXPECT_GT(change, 0.1 * static_cast<double>(x.size()));
  EXPECT_NEAR(after / before, 1, 1e-5);
  Lap(shape, 16, true, y.data());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-5);

  std::vector<float> constant(x.size(), 0.25f);
  Lap(shape, 16, false, constant.data());
  for (float v : constant) ASSERT_NEAR(v, 0.25f, 1e-6);
}

TEST(Activations, LetNanThrough) {
  for (const char* type : {"relu", "leaky_relu", "sigmoid", "tanh"}) {
    Parameters parameters;
    const auto layer =
        FindLayerType(type)->create(MakeSpec(type, nlohmann::json::object()), {1, 1, 1, 1}, parameters, true);
    float x = std::numeric_limits<float>::quiet_NaN(), y = 0;
    layer->Forward(&x, &y);
    EXPECT_TRUE(std::isnan(y)) << type;
  }
}

}  // namespace
}  // namespace aecomp::test
