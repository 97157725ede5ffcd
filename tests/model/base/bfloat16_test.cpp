// Convolutions that multiply in bfloat16: rounding, and results against those in f32.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "model/network/layers/conv_core.h"
#include "tests/model/network/layer_cases.h"

namespace aecomp::test {
namespace {

uint16_t Rounded(float value) {
  uint16_t rounded = 0;
  ToBfloat16(&value, 1, &rounded);
  return rounded;
}

TEST(Bfloat16, RoundsToTheNearestTiesToEven) {
  EXPECT_EQ(Rounded(0.f), 0x0000);
  EXPECT_EQ(Rounded(-0.f), 0x8000);
  EXPECT_EQ(Rounded(1.f), 0x3f80);
  EXPECT_EQ(Rounded(1 + 0x1p-8f), 0x3f80);             // a tie, down to even
  EXPECT_EQ(Rounded(1 + 0x1.8p-7f), 0x3f82);           // a tie, up to even
  EXPECT_EQ(Rounded(1 + 0x1p-8f + 0x1p-20f), 0x3f81);  // just above a tie
  EXPECT_EQ(Rounded(-3.f), 0xc040);
  EXPECT_EQ(Rounded(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(Rounded(std::numeric_limits<float>::infinity()), 0x7f80);
  uint32_t bits = 0x7f800001;  // a NaN all of whose ones are rounded away
  float nan = 0;
  std::memcpy(&nan, &bits, sizeof nan);
  EXPECT_EQ(Rounded(nan) & 0x7f80, 0x7f80);
  EXPECT_NE(Rounded(nan) & 0x007f, 0);
}

TEST(Bfloat16, RoundsEveryElementOfALongArray) {
  std::vector<float> values(10001);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 256);  // 8 bits fit
  std::vector<uint16_t> rounded(values.size());
  ToBfloat16(values.data(), std::ssize(values), rounded.data());
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, &values[i], sizeof bits);
    ASSERT_EQ(rounded[i], bits >> 16) << i;
  }
}

struct Passes {
  std::vector<float> y, dx;
  Parameters parameters;  // with gradients
};

/// Everything that a layer computes from `draw`n values.
Passes RunLayer(const LayerCase& c, bool bfloat16, const std::function<float(std::mt19937&)>& draw) {
  std::mt19937 random(7);
  Passes p;
  const LayerType* type = FindLayerType(c.spec.type);
  const LayerInfo info = type->infer(c.spec, c.input).value();
  const auto layer = type->create(c.spec, c.input, p.parameters, /*training=*/true);
  if (bfloat16) layer->UseBfloat16();
  for (Parameter& parameter : p.parameters.list()) {
    for (float& v : parameter.value) v = draw(random);
    parameter.grad.assign(parameter.value.size(), 0.f);
  }
  p.parameters.MarkChanged();
  std::vector<float> x(static_cast<size_t>(c.input.size())), dy(static_cast<size_t>(info.output.size()));
  for (float& v : x) v = draw(random);
  for (float& v : dy) v = draw(random);
  p.y.resize(dy.size()), p.dx.resize(x.size());
  layer->Forward(x.data(), p.y.data());
  layer->Backward(x.data(), p.y.data(), dy.data(), p.dx.data());
  return p;
}

std::vector<LayerCase> WideConvolutions() {
  std::vector<LayerCase> cases;
  for (const char* type : {"conv2d", "conv_transpose2d"}) {
    const auto add = [&](const nlohmann::json& options, const Shape& input) {
      cases.push_back({MakeSpec(type, options), input});
    };
    add({{"in", 32}, {"out", 48}, {"kernel", 3}, {"padding", 1}}, {2, 32, 12, 9});
    add({{"in", 48}, {"out", 32}, {"kernel", 4}, {"stride", 2}, {"padding", 1}}, {2, 48, 8, 12});
    add({{"in", 128}, {"out", 320}, {"kernel", 1}}, {1, 128, 5, 4});
    add({{"in", 17}, {"out", 20}, {"kernel", 3}, {"padding", 1}, {"bias", false}}, {1, 17, 7, 6});
    add({{"in", 24}, {"out", 19}, {"kernel", 1}, {"stride", 2}}, {2, 24, 8, 8});
  }
  return cases;
}

class Bfloat16Convolutions : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasBfloat16()) GTEST_SKIP() << "this CPU does not multiply bfloat16";
  }
};

/// Small integers are bfloat16 numbers and their sums are exact in f32.
TEST_F(Bfloat16Convolutions, AreExactWhereNothingIsRounded) {
  const auto integers = [](std::mt19937& random) { return static_cast<float>(static_cast<int>(random() % 17) - 8); };
  for (const LayerCase& c : WideConvolutions()) {
    SCOPED_TRACE(Describe(c));
    const Passes exact = RunLayer(c, false, integers), fast = RunLayer(c, true, integers);
    EXPECT_EQ(exact.y, fast.y);
    EXPECT_EQ(exact.dx, fast.dx);
    for (const Parameter& p : exact.parameters.list()) EXPECT_EQ(p.grad, fast.parameters.Find(p.name)->grad) << p.name;
  }
}

TEST_F(Bfloat16Convolutions, DifferFromF32ByTheirRounding) {
  const auto normal = [](std::mt19937& random) { return std::normal_distribution<float>()(random); };
  for (const LayerCase& c : WideConvolutions()) {
    SCOPED_TRACE(Describe(c));
    const Passes exact = RunLayer(c, false, normal), fast = RunLayer(c, true, normal);
    const auto compare = [](const std::vector<float>& a, const std::vector<float>& b) {
      double error = 0, energy = 0;
      for (size_t i = 0; i < a.size(); ++i) error += std::pow(a[i] - b[i], 2), energy += std::pow(a[i], 2);
      EXPECT_LT(std::sqrt(error / energy), 4e-3);  // two factors of at most 2^-9, many terms
      EXPECT_GT(error, 0) << "ran in f32";
    };
    compare(exact.y, fast.y);
    compare(exact.dx, fast.dx);
    const std::string weight = c.spec.name + ".weight";
    compare(exact.parameters.Find(weight)->grad, fast.parameters.Find(weight)->grad);
  }
}

/// With 3 channels on a side, pixels, nothing changes.
TEST_F(Bfloat16Convolutions, LeaveNarrowLayersAlone) {
  const auto normal = [](std::mt19937& random) { return std::normal_distribution<float>()(random); };
  const LayerCase first{MakeSpec("conv2d", {{"in", 3}, {"out", 48}, {"kernel", 8}, {"stride", 4}, {"padding", 2}}),
                        {1, 3, 32, 32}};
  EXPECT_EQ(RunLayer(first, false, normal).y, RunLayer(first, true, normal).y);
}

}  // namespace
}  // namespace aecomp::test
