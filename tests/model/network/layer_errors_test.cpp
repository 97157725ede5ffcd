// What shape inference says when options or shapes do not fit: the message is the product here.
#include <gtest/gtest.h>

#include "model/network/layers/options.h"
#include "tests/model/network/layer_cases.h"

namespace aecomp::test {
namespace {

using nlohmann::json;

std::string ErrorOf(const std::string& type, const json& options, const Shape& input,
                    const std::string& name = "enc.2") {
  const auto info = FindLayerType(type)->infer(MakeSpec(type, options, name), input);
  if (info.ok()) return "no error; output " + info.value().output.ToString();
  EXPECT_EQ(info.status().code(), StatusCode::kUsage);
  return info.status().message();
}

Shape OutputOf(const std::string& type, const json& options, const Shape& input) {
  const auto info = FindLayerType(type)->infer(MakeSpec(type, options), input);
  EXPECT_TRUE(info.ok()) << info.status().message();
  return info.ok() ? info.value().output : Shape{};
}

void ExpectError(const std::string& type, const json& options, const Shape& input, const std::string& expected) {
  const std::string message = ErrorOf(type, options, input);
  EXPECT_NE(message.find(expected), std::string::npos) << "got:      " << message << "\nexpected: " << expected;
  EXPECT_EQ(message.find("layer 'enc.2' (" + type + "): "), 0u) << message;
}

constexpr Shape kImage{2, 3, 28, 28};

TEST(LayerOptions, WrongTypesAreNamed) {
  const std::string start = "\"kernel\" must be an integer >= 1, got ";
  for (const auto& [value, printed] : std::vector<std::pair<json, std::string>>{{"3", "\"3\""},
                                                                                {3.0, "3.0"},
                                                                                {true, "true"},
                                                                                {nullptr, "null"},
                                                                                {0, "0"},
                                                                                {-1, "-1"},
                                                                                {json::array(), "[]"}}) {
    ExpectError("max_pool2d", {{"kernel", value}}, kImage, start + printed);
    ExpectError("conv2d", {{"in", 3}, {"out", 8}, {"kernel", value}}, kImage, start + printed);
  }
  ExpectError("max_pool2d", {{"kernel", 18446744073709551615ull}}, kImage, start + "18446744073709551615");
  ExpectError("max_pool2d", {{"kernel", 1ll << 33}}, kImage, "\"kernel\" must be an integer <= 1024, got 8589934592");
  ExpectError("linear", {{"in", 2352}, {"out", 8}, {"bias", 1}}, kImage, "\"bias\" must be true or false, got 1");
  ExpectError("leaky_relu", {{"slope", -0.1}}, kImage, "\"slope\" must be a number from 0 to 1, got -0.1");
  ExpectError("leaky_relu", {{"slope", "0.1"}}, kImage, "\"slope\" must be a number from 0 to 1, got \"0.1\"");
}

TEST(LayerOptions, LongValuesAreCut) {
  const std::string message = ErrorOf("max_pool2d", {{"kernel", std::string(10000, 'k')}}, kImage);
  EXPECT_LT(message.size(), 200u) << message;
  // Not UTF-8: printed with a replacement, not thrown.
  EXPECT_NE(ErrorOf("max_pool2d", {{"kernel", "\xff"}}, kImage).find("must be an integer"), std::string::npos);
}

TEST(LayerOptions, MissingOnesAreNamed) {
  ExpectError("max_pool2d", json::object(), kImage, "\"kernel\" is missing; it must be an integer >= 1");
  ExpectError("linear", {{"in", 2352}}, kImage, "\"out\" is missing");
  ExpectError("conv2d", {{"in", 3}, {"kernel", 3}}, kImage, "\"out\" is missing");
  ExpectError("reshape", json::object(), kImage, "\"shape\" is missing; it must be a list of 3 integers [C, H, W]");
}

TEST(LayerOptions, UnknownOnesAreRefusedWithTheNearest) {
  ExpectError("max_pool2d", {{"kernal", 2}}, kImage, "unknown option \"kernal\"; did you mean \"kernel\"?");
  ExpectError("conv2d", {{"in", 3}, {"out", 8}, {"kernel", 3}, {"paddings", 1}}, kImage, "did you mean \"padding\"?");
  ExpectError("conv2d", {{"in", 3}, {"out", 8}, {"kernel", 3}, {"output_padding", 1}}, kImage,
              "unknown option \"output_padding\"");
  ExpectError("relu", {{"slope", 0.1}}, kImage, "unknown option \"slope\"; it takes no options");
  ExpectError("flatten", {{"start_dim", 1}}, kImage, "it takes no options");
}

TEST(LayerOptions, DefaultsArePyTorchs) {
  EXPECT_EQ(OutputOf("max_pool2d", {{"kernel", 3}}, kImage), (Shape{2, 3, 9, 9}));
  EXPECT_EQ(OutputOf("avg_pool2d", {{"kernel", 3}, {"stride", 1}, {"padding", 1}}, kImage), kImage);
  EXPECT_EQ(OutputOf("igdn", json::object(), kImage), kImage);
  EXPECT_EQ(OutputOf("conv2d", {{"in", 3}, {"out", 8}, {"kernel", 3}}, kImage), (Shape{2, 8, 26, 26}));
  EXPECT_EQ(OutputOf("conv_transpose2d", {{"in", 3}, {"out", 8}, {"kernel", 3}}, kImage), (Shape{2, 8, 30, 30}));
}

TEST(LayerShapes, LinearNamesBothNumbersAndBothFixes) {
  const std::string message = ErrorOf("linear", {{"in", 2048}, {"out", 10}}, {4, 240, 11, 11}, "fc");
  EXPECT_EQ(message,
            "layer 'fc' (linear): expects 2048 inputs, but 29040 came (240x11x11); set \"in\" to 29040 or change the "
            "input size");
}

TEST(LayerShapes, FlattenOfFeaturesFitsLinear) {
  const Shape flat = OutputOf("flatten", json::object(), {4, 240, 11, 11});
  EXPECT_EQ(flat, (Shape{4, 29040, 1, 1}));
  EXPECT_EQ(OutputOf("linear", {{"in", 29040}, {"out", 10}}, flat), (Shape{4, 10, 1, 1}));
}

TEST(LayerShapes, ReshapeKeepsBatchAndElements) {
  EXPECT_EQ(OutputOf("reshape", {{"shape", {1, 28, 28}}}, {10, 784, 1, 1}), (Shape{10, 1, 28, 28}));
  ExpectError("reshape", {{"shape", {1, 28, 27}}}, {10, 784, 1, 1}, "1x28x27 has 756 elements, but 784 came (784x1x1)");
  ExpectError("reshape", {{"shape", {10, 28, 28}}}, {10, 784, 1, 1}, "a reshape may not change the batch");
  ExpectError("reshape", {{"shape", {-1, 28, 28}}}, {10, 784, 1, 1},
              "\"shape\" must be a list of 3 integers [C, H, W]");
  ExpectError("reshape", {{"shape", {10, 1, 28, 28}}}, {10, 784, 1, 1}, "\"shape\" must be a list of 3 integers");
}

TEST(LayerShapes, ConvolutionChannels) {
  ExpectError("conv2d", {{"in", 4}, {"out", 8}, {"kernel", 3}}, kImage, "expects 4 channels, but 3 came (3x28x28)");
  ExpectError("conv_transpose2d", {{"in", 4}, {"out", 8}, {"kernel", 3}}, kImage, "expects 4 channels, but 3 came");
  ExpectError("conv2d", {{"in", 3}, {"out", 8}, {"kernel", 3}, {"groups", 2}}, kImage, "groups 2 does not divide");
}

TEST(LayerShapes, WindowsMustFit) {
  ExpectError("conv2d", {{"in", 3}, {"out", 8}, {"kernel", 30}}, kImage,
              "its kernel of 30 is larger than its padded input");
  ExpectError("max_pool2d", {{"kernel", 30}}, kImage, "its kernel of 30 is larger than its padded input; 3x28x28 came");
  ExpectError("max_pool2d", {{"kernel", 3}, {"padding", 2}}, kImage, "\"padding\" 2 is more than half its kernel of 3");
  ExpectError("avg_pool2d", {{"kernel", 30}}, kImage, "its kernel of 30 is larger than its padded input; 3x28x28 came");
  ExpectError("conv_transpose2d", {{"in", 3}, {"out", 8}, {"kernel", 3}, {"padding", 15}}, {1, 3, 28, 28},
              "padding 15");
}

TEST(LayerShapes, OutputPaddingClosesTheShape) {
  json options = {{"in", 16}, {"out", 1}, {"kernel", 3}, {"stride", 2}, {"padding", 1}};
  EXPECT_EQ(OutputOf("conv_transpose2d", options, {1, 16, 14, 14}), (Shape{1, 1, 27, 27}));
  options["output_padding"] = 1;
  EXPECT_EQ(OutputOf("conv_transpose2d", options, {1, 16, 14, 14}), (Shape{1, 1, 28, 28}));
  options["output_padding"] = 2;
  ExpectError("conv_transpose2d", options, {1, 16, 14, 14}, "\"output_padding\" must be an integer <= 1, got 2");
}

TEST(LayerShapes, PixelShuffleDivides) {
  ExpectError("pixel_shuffle", {{"factor", 2}}, {1, 6, 4, 4},
              "expects a multiple of 4 channels (factor 2 squared), but 6 came");
  ExpectError("pixel_unshuffle", {{"factor", 3}}, {1, 6, 9, 4}, "that are multiples of 3, but 9 and 4 came (6x9x4)");
}

TEST(LayerShapes, LapNeedsWholeBlocks) {
  EXPECT_EQ(OutputOf("lap", {{"block", 16}}, {1, 3, 64, 32}), (Shape{1, 3, 64, 32}));
  ExpectError("lap", {{"block", 16}}, {1, 3, 64, 40}, "multiples of its block of 16, but 3x64x40 came");
  ExpectError("lap", {{"block", 7}}, {1, 3, 7, 7}, "\"block\" must be even, got 7");
}

TEST(LayerShapes, HostileSizesAreRefused) {
  const Shape wide{1, 1, 1 << 20, 1 << 20};
  ExpectError("pixel_shuffle", {{"factor", 256}}, {1, 1 << 16, 1 << 12, 1 << 24}, "too large");
  ExpectError("pixel_unshuffle", {{"factor", 256}}, {1, 1 << 24, 1 << 8, 1 << 8}, "too large");
  ExpectError("flatten", json::object(), wide, "too large");
  ExpectError("reshape", {{"shape", {1 << 24, 1 << 24, 1 << 24}}}, wide, "too large");
}

TEST(LayerTypes, EveryTypeIsFoundByItsName) {
  for (const std::string& name : LayerTypeNames()) {
    ASSERT_NE(FindLayerType(name), nullptr);
    EXPECT_EQ(FindLayerType(name)->type, name);
  }
  EXPECT_EQ(FindLayerType("conv3d"), nullptr);
  EXPECT_EQ(FindLayerType(""), nullptr);
}

}  // namespace
}  // namespace aecomp::test
