// The message is the product: layer, what came from where, what was expected, and an edit that fixes it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/entropy/coding_check.h"
#include "model/network/graph.h"
#include "tests/model/network/architecture_files.h"
#include "tests/model/small_networks.h"
#include "tests/model/tiny_codec.h"

namespace aecomp::test {
namespace {

void ExpectParts(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << "got:      " << message << "\nexpected: " << part;
  }
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

/// An edit of a good file is refused with all these parts in one line.
void ExpectRefusal(const std::string& file, const std::string& from, const std::string& to,
                   const std::vector<std::string>& parts, const std::optional<Shape>& image = std::nullopt) {
  ExpectParts(CheckText(Edited(file, from, to), image), parts);
}

TEST(Architecture, FilesOfTheProjectFit) {
  for (const std::string& name : ArchitectureFiles()) EXPECT_EQ(CheckText(ArchitectureText(name)), "fits") << name;
}

TEST(Architecture, StridesAndChannelsAreFound) {
  Architecture a = ReadArchitecture(ArchitectureText("conv_pool"), "a").value();
  ASSERT_TRUE(CheckArchitecture(a, std::nullopt).ok());
  EXPECT_EQ(a.latent_stride, 2);
  EXPECT_EQ(a.hyper_stride, 2);
  EXPECT_EQ(a.latent_channels, 16);
  EXPECT_EQ(NetworkImage(a, {1, 1, 27, 28}), (Shape{1, 1, 28, 28}));
  const auto networks = InferNetworks(a, {1, 1, 28, 28}).value();
  EXPECT_EQ(networks[0].output, (Shape{1, 16, 14, 14}));
  EXPECT_EQ(networks[1].output, (Shape{1, 1, 28, 28}));
}

// The six cases of people whose autoencoder died in a matrix multiplication.

TEST(SixCases, DecoderOfFourChannels) {
  ExpectRefusal("conv_small", "\"out\": 3,", "\"out\": 4,",
                {"decoder: layer 'decoder.1' (conv_transpose2d)", "4x256x256", "the image is 3x256x256",
                 "4 channels, not 3", "set \"out\" of layer 'decoder.1' (conv_transpose2d) to 3"});
}

TEST(SixCases, LinearOnTiles) {
  ExpectRefusal("linear_tiles", "[1, 28, 28]", "[10, 28, 28]",
                {"layer 'unflatten' (reshape)", "7840", "784 came", "layer 'synthesis' (linear)",
                 "a reshape may not change the batch"});
  ExpectRefusal("linear_tiles", "[1, 28, 28]", "[1, 14, 56]",
                {"set \"shape\" of layer 'unflatten' (reshape) to [1, 28, 28]"});
  ExpectRefusal("linear_tiles", "\"tile\": 28,", "",
                {"layer 'analysis' (linear): expects 784 inputs, but 65536 came (1x256x256 from the image, flattened)",
                 "add \"tile\": 28"});
  ExpectRefusal("linear_tiles", "\"tile\": 28,", "", {"depends on the image", "add \"tile\": 28"}, Shape{1, 1, 28, 28});
}

TEST(SixCases, ABatchOfTenIsTenImages) {
  Architecture a = ReadArchitecture(ArchitectureText("linear_tiles"), "a").value();
  Parameters parameters;
  const auto one = Graph::Create(a.encoder, {1, 1, 28, 28}, parameters, Graph::Mode::kInference).value();
  const auto ten = Graph::Create(a.encoder, {10, 1, 28, 28}, parameters, Graph::Mode::kInference).value();
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    for (float& v : p.value) v = normal(random);
  }
  parameters.MarkChanged();
  std::vector<float> images(10 * 784);
  for (float& v : images) v = normal(random);
  const float* all = ten->Forward(images.data());
  ASSERT_EQ(ten->output_shape(), (Shape{10, 128, 1, 1}));
  for (size_t n = 0; n < 10; ++n) {
    const float* y = one->Forward(images.data() + n * 784);
    for (size_t i = 0; i < 128; ++i) ASSERT_NEAR(all[n * 128 + i], y[i], 1e-4) << n << ", " << i;
  }
}

TEST(SixCases, OutputPaddingClosesThePool) {
  const std::string missing = ",\n     \"output_padding\": 1";
  ExpectRefusal("conv_pool", missing, "",
                {"decoder: layer 'deconv' (conv_transpose2d)", "height 27, not 28", "27 = (14 - 1)*2 - 2*1 + 3 + 0",
                 "set \"output_padding\" of layer 'deconv' (conv_transpose2d) to 1"},
                Shape{1, 1, 28, 28});
  ExpectRefusal("conv_pool", missing, "", {"height 255, not 256"});
}

TEST(SixCases, FlattenedFeaturesIntoALinearLayer) {
  ExpectRefusal(
      "conv_linear", "\"in\": 29040", "\"in\": 2048",
      {"encoder: layer 'bottleneck' (linear): expects 2048 inputs, but 29040 came",
       "(240x11x11 from layer 'features.1.relu' (relu), flattened)", "set \"in\" to 29040 or change the input size"});
}

TEST(Architecture, LatentAndDecoderMustAgree) {
  ExpectRefusal("conv_small", "\"in\": 8, \"out\": 16", "\"in\": 4, \"out\": 16",
                {"layer 'decoder.0' (conv_transpose2d): expects 4 channels, but 8 came",
                 "the latent, which comes from layer 'encoder.1' (conv2d)", "set \"in\" to 8",
                 "set \"out\" of layer 'encoder.1' (conv2d) to 4"});
}

TEST(Architecture, TheProducerAndTheKnobMayDiffer) {
  ExpectRefusal("conv_small", "\"in\": 16, \"out\": 8", "\"in\": 15, \"out\": 8",
                {"expects 15 channels, but 16 came (16x128x128 from layer 'encoder.0.relu' (relu))",
                 "set \"out\" of layer 'encoder.0' (conv2d) to 15"});
  ExpectRefusal("conv_small", "\"in\": 3,", "\"in\": 1,", {"from the image", "set \"image_channels\" to 1"});
}

std::string ReplacedAll(std::string text, const std::string& from, const std::string& to) {
  EXPECT_NE(text.find(from), std::string::npos) << from;
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// The edit that a message proposes must be true.
TEST(Architecture, RepairsOfTheSizeWork) {
  const std::string good = ArchitectureText("conv_small");
  const std::string narrow = ReplacedAll(good, "\"kernel\": 4,", "\"kernel\": 3,");
  ExpectParts(CheckText(narrow), {"height 253, not 256", "'decoder.0' gives 127 = (64 - 1)*2 - 2*1 + 3 + 0",
                                  "set \"output_padding\" of layers 'decoder.0' and 'decoder.1' to 1"});
  EXPECT_EQ(CheckText(ReplacedAll(narrow, "\"conv_transpose2d\",", "\"conv_transpose2d\", \"output_padding\": 1,")),
            "fits");

  const std::string valid =
      ReplacedAll(good, "\"kernel\": 3, \"stride\": 2, \"padding\": 1", "\"kernel\": 3, \"stride\": 2");
  ExpectParts(CheckText(valid), {"height 252, not 256", "no output_padding mends the size",
                                 "set \"padding\" of layer 'decoder.0' (conv_transpose2d) to 0"});
  const std::string decoder = "\"in\": 8, \"out\": 16, \"kernel\": 4, \"stride\": 2, \"padding\": ";
  EXPECT_EQ(CheckText(ReplacedAll(valid, decoder + "1", decoder + "0"), Shape{1, 3, 256, 256}).find("height"),
            std::string::npos);

  const std::string hyper = "\"in\": 16, \"out\": 24, \"kernel\": 4, \"stride\": ";
  ExpectRefusal(
      "tiny", hyper + "2", hyper + "4",
      {"hyper_decoder", "features for each position of the latent", "set \"stride\" of layer 'hyper_synthesis.1'"});
}

TEST(Architecture, EverySizeOfImageMustWork) {
  std::string text = Edited("conv_pool", "\"kernel\": 3, \"padding\": 1}", "\"kernel\": 3}");
  text = ReplacedAll(text, "\"stride\": 2, \"padding\": 1,", "\"stride\": 2, \"padding\": 0,");
  ExpectParts(CheckText(text), {"encoder: turns an image of 1x256x256 into 16x127x127", "256 is no multiple of 127",
                                "'conv' gives 254 = (256 + 2*0 - 3) / 1 + 1",
                                "set \"padding\" of layer 'conv' (conv2d) to 1", "\"tile\""});
  EXPECT_EQ(CheckText("{\"tile\": 256, " + text.substr(1)), "fits");
}

TEST(Architecture, BranchesOfASumMustAgree) {
  ExpectRefusal("shared_relu", "\"in\": 8, \"out\": 8", "\"in\": 8, \"out\": 9",
                {"layer 'residual' (sum)", "branch 1 gives 8x64x64 (which is the sum's input itself)",
                 "branch 2 gives 9x64x64 (which ends in layer 'residual.conv' (conv2d))", "\"out\""});
  ExpectRefusal("shared_relu", "\"kernel\": 3, \"padding\": 1", "\"kernel\": 3", {"8x64x64", "8x62x62", "padding"});
}

TEST(Architecture, AResidualIsASumWithItsInput) {
  const std::string sum = R"([{"type": "sum", "name": "a", "branches": [[], [
      {"type": "sum", "name": "b", "branches": [[], [{"type": "gdn", "name": "c"}]]}]]}])";
  const std::string residual = R"([{"type": "residual", "name": "a", "layers": [
      {"type": "residual", "name": "b", "layers": [{"type": "gdn", "name": "c"}]}]}])";
  const Network expected = ParseNetwork(nlohmann::json::parse(sum)).value();
  const Network read = ParseNetwork(nlohmann::json::parse(residual)).value();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].type, "sum");
  EXPECT_EQ(*read[0].options, *expected[0].options);
  ExpectRefusal("gdn_residual", "\"layers\"", "\"branches\"",
                {"layer 'encoder.1' (residual): unknown option \"branches\"; did you mean \"layers\"?"});
  ExpectRefusal("gdn_residual", "\"layers\": [", "\"layers\": 1, \"comment\": [",
                {"layer 'encoder.1' (residual): unknown option \"comment\""});
  ExpectRefusal("gdn_residual", "\"layers\": [", "\"branches\": [[]], \"layers\": [",
                {"layer 'encoder.1' (residual): unknown option \"branches\""});
  ExpectRefusal("gdn_residual", "\"slope\"", "\"slop\"", {"layer 'encoder.1.leaky' (leaky_relu)", "\"slope\""});
  ExpectRefusal("gdn_residual", "\"kernel\": 3, \"padding\": 1, \"groups\": 3", "\"kernel\": 3, \"groups\": 3",
                {"layer 'encoder.1' (sum): its branches must give equal shapes"});
}

TEST(Architecture, GdnTakesNoOptionsAndAllChannels) {
  ExpectRefusal("gdn_small", "\"name\": \"encoder.0.gdn\"", "\"name\": \"encoder.0.gdn\", \"in\": 32",
                {"layer 'encoder.0.gdn' (gdn): unknown option \"in\"; it takes no options"});
  ExpectRefusal("conv_linear", "\"type\": \"linear\", \"name\": \"bottleneck\", \"in\": 29040, \"out\": 64",
                "\"type\": \"gdn\", \"name\": \"bottleneck\"",
                {"layer 'bottleneck' (gdn): its gamma would be 29040 x 29040", "put it before a flatten"});
}

TEST(Architecture, PriorsAreChecked) {
  ExpectRefusal("tiny", "\"name\": \"sigma_head\", \"in\": 24, \"out\": 48",
                "\"name\": \"sigma_head\", \"in\": 24, \"out\": 47",
                {"sigma_head: layer 'sigma_head' (conv2d)", "47x16x16", "the latent is 48x16x16",
                 "set \"out\" of layer 'sigma_head' (conv2d) to 48"});
  ExpectRefusal("tiny", "\"name\": \"context_out.0\", \"in\": 48", "\"name\": \"context_out.0\", \"in\": 24",
                {"context_out.0", "expects 24 channels, but 48 came", "the join of 24 features and 24 channels"});
  ExpectRefusal("tiny", "\"hyper_encoder\"", "\"hyper_encode\"",
                {"prior: unknown key \"hyper_encode\"; did you mean \"hyper_encoder\"?"});
  ExpectRefusal("tiny", "\"type\": \"hyperprior\"", "\"type\": \"factorized\"",
                {"a factorized prior has no networks; remove \"hyper_encoder\""});
  ExpectRefusal("conv_small", "\"factorized\"", "\"factorised\"", {"did you mean \"factorized\"?"});
  ExpectRefusal("conv_small", "\"factorized\"", "\"hyperprior\"", {"prior: \"hyper_encoder\" is missing"});
}

TEST(Architecture, EveryFileThatFitsTrains) {
  for (const std::string& name : ArchitectureFiles()) {
    const auto a = ParseArchitecture(ArchitectureText(name), name);
    EXPECT_TRUE(a.ok()) << a.status().message();
  }
}

/// Shapes fit, but it could not code.
void ExpectUncodable(const std::string& text, const std::vector<std::string>& parts) {
  EXPECT_EQ(CheckText(text), "fits");
  const auto a = ParseArchitecture(text, "a.json");
  ASSERT_FALSE(a.ok());
  EXPECT_EQ(a.status().code(), StatusCode::kUsage);
  ExpectParts(a.status().message(), parts);
}

TEST(Architecture, PriorsMustRunInIntegers) {
  ExpectUncodable(
      Edited("tiny", R"("relu", "name": "hyper_synthesis.0.relu")", R"("sigmoid", "name": "hyper_synthesis.0.relu")"),
      {"a.json: prior: layer 'hyper_synthesis.0.relu' (sigmoid)", "cannot be run in integers",
       "use conv2d and conv_transpose2d"});
  ExpectUncodable(Edited("tiny", R"({"type": "relu", "name": "hyper_synthesis.1.relu"},)", ""),
                  {"a.json: prior: layer 'hyper_synthesis.2' (conv2d): no relu stands before it"});
}

TEST(Architecture, SmallImagesMustPass) {
  ExpectUncodable(R"({"image_channels": 1, "lambdas": [0.001, 0.01], "prior": {"type": "factorized"},
    "encoder": [{"type": "conv2d", "name": "there", "in": 1, "out": 4, "kernel": 5},
                {"type": "conv_transpose2d", "name": "back", "in": 4, "out": 4, "kernel": 5}],
    "decoder": [{"type": "conv2d", "name": "last", "in": 4, "out": 1, "kernel": 1}]})",
                  {"a.json: for a small image, padded to 1x1x1, encoder: layer 'there'", "\"tile\""});
}

TEST(Architecture, AHyperpriorSeesTilesSideBySide) {
  std::string text = WithHyperprior("conv_small", 8);
  const auto replace = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
  };
  replace("\"image_channels\"", "\"tile\": 12, \"image_channels\"");
  const auto fits = ParseArchitecture(text, "a.json");
  EXPECT_TRUE(fits.ok()) << fits.status().message();
  // 3x3 elements of one tile become 1x1 of z and 3x3 again, but 3x6 do not become 1x2.
  replace(R"("name": "he.0", "in": 8, "out": 8, "kernel": 1)", R"("name": "he.0", "in": 8, "out": 8, "kernel": 3)");
  replace(R"("conv2d", "name": "hd", "in": 4, "out": 8, "kernel": 1)",
          R"("conv_transpose2d", "name": "hd", "in": 4, "out": 8, "kernel": 3)");
  ExpectUncodable(text, {"a.json: prior: for the latents of 2 tiles side by side, hyper_encoder: makes 4x4x4 of 8x6x6",
                         "not 4x2x2", "use a factorized prior, or a \"tile\""});
}

TEST(Architecture, NamesAndTypes) {
  ExpectRefusal("shared_relu", "\"residual.relu\"", "\"deconv\"",
                {"decoder: layer 'deconv' (conv_transpose2d): a layer of encoder (relu) has this name already"});
  ExpectRefusal("conv_pool", "max_pool2d", "maxpool2d",
                {"encoder: layer 'pool': unknown type \"maxpool2d\"; did you mean \"max_pool2d\"?"});
  ExpectRefusal("shared_relu", "\"sum\"", "\"som\"", {"did you mean \"sum\"?"});
  ExpectRefusal("shared_relu", "\"branches\"", "\"branch\"", {"did you mean \"branches\"?"});
  ExpectRefusal("conv_pool", "\"name\": \"pool\", ", "", {"encoder: layer 3 of the list: \"name\" is missing"});
  ExpectRefusal("conv_pool", "\"pool\"", "\"a\\nb\"", {"layer 3 of the list: \"name\" must be 1 to 128 bytes"});
  ExpectRefusal("conv_pool", "\"pool\"", "\"a\\u009b\"", {"without control characters"});
  ExpectRefusal("conv_pool", "\"kernel\": 2", "\"kernal\": 2", {"layer 'pool'", "did you mean \"kernel\"?"});
  ExpectRefusal("conv_pool", "\"in\": 1,", "\"in\": \"1\",", {"layer 'conv' (conv2d): \"in\" must be", "got \"1\""});
  ExpectRefusal("conv_pool", "\"in\": 1,", "", {"layer 'conv' (conv2d): \"in\" is missing"});
  ExpectRefusal("shared_relu", "\"in\": 8, \"out\": 8", "\"in\": 8, \"out\": 8, \"groups\": 3",
                {"groups 3 does not divide", "set \"groups\" to 2"});
}

TEST(Architecture, KeysOfTheFile) {
  ExpectRefusal("conv_pool", "\"image_channels\": 1", "\"image_channel\": 1", {"did you mean \"image_channels\"?"});
  ExpectRefusal("conv_pool", "\"image_channels\": 1", "\"image_channels\": \"1\"", {"must be 1 or 3, got \"1\""});
  ExpectRefusal("conv_pool", "\"conv-pool\"", "[]", {"\"name\" must be a string, got []"});
  ExpectRefusal("conv_pool", "[0.001, ", "[\"0.001\", ", {"\"lambdas\" must be", "rising", "got [\"0.001\""});
  ExpectRefusal("conv_pool", "[0.001, ", "[0.1, ", {"\"lambdas\" must be", "rising"});
  ExpectRefusal("linear_tiles", "\"tile\": 28", "\"tile\": 28.5", {"\"tile\" must be an integer", "got 28.5"});
  ExpectRefusal("linear_tiles", "\"tile\": 28", "\"tile\": 27", {"expects 784 inputs, but 729 came"});
  ExpectParts(CheckText("{\"lambdas\": [1, 2], \"decoder\": []}"), {"a.json: \"encoder\" is missing"});
  ExpectParts(CheckText("{\"lambdas\": [1, 2], \"encoder\": [], \"decoder\": []}"), {"encoder: a network needs"});
  ExpectParts(CheckText("[1]"), {"a.json: an architecture is a JSON object, got [1]"});
  ExpectParts(CheckText(ArchitectureText("conv_small"), Shape{1, 1, 28, 28}),
              {"the image is 1x28x28, but \"image_channels\" is 3"});
}

TEST(Architecture, CoreLambdasSetTheMiddle) {
  const std::string lambdas = "\"lambdas\": [1, 2, 3, 4, 5]";
  const std::string rest = R"(, "encoder": [{"type": "relu", "name": "a"}], "decoder": [{"type": "relu", "name": "b"}],
                             "prior": {"type": "factorized"}})";
  const auto read = [&](const std::string& core) { return ReadArchitecture("{" + lambdas + core + rest, "a.json"); };
  const Architecture all = read("").value(), grown = read(R"(, "core_lambdas": 4, "core_channels": 7)").value();
  EXPECT_EQ(all.middle_row(), 2u);
  EXPECT_EQ(all.middle_quality(), 32);
  EXPECT_EQ(grown.middle_row(), 2u);
  EXPECT_EQ(grown.middle_quality(), 24);
  EXPECT_EQ(grown.core_quality(), 48);
  EXPECT_EQ(grown.max_quality(), 64);
  EXPECT_EQ(grown.usual_channels(), 7);
  for (const char* wrong : {R"(, "core_lambdas": 1)", R"(, "core_lambdas": 6)", R"(, "core_lambdas": "4")"}) {
    EXPECT_NE(read(wrong).status().message().find("\"core_lambdas\" must be an integer from 2"), std::string::npos);
  }
  EXPECT_NE(read(R"(, "core_channels": 0)").status().message().find("\"core_channels\" must be"), std::string::npos);
}

TEST(Architecture, SyntaxErrorsHaveAPlace) {
  ExpectParts(CheckText("{\n  \"name\": \"x\",\n  \"lambdas\": [1,, 2]\n}"), {"a.json: line 3, column 17: not JSON"});
  ExpectParts(CheckText("{"), {"line 1, column 2: not JSON"});
  ExpectParts(CheckText(""), {"line 1, column 1: not JSON"});
  ExpectParts(CheckText("{\"name\": \"\xff\"}"), {"line 1, column 11: not JSON"});
  ExpectParts(CheckText(std::string(100000, '[')), {"line 1, column 65: brackets nest deeper than 64"});
  ExpectParts(CheckText("{\"name\": \"" + std::string(100, '[') + "\"}"), {"\"lambdas\" is missing"});
}

}  // namespace
}  // namespace aecomp::test
