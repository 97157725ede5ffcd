#include "model/model_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The file with one tensor or metadata entry changed.
template <class Change>
std::string ErrorAfter(Change change) {
  const std::vector<uint8_t> bytes = TinyModelFile();
  const SafetensorsFile file = SafetensorsFile::Parse(bytes, "tiny").value();
  SafetensorsWriter writer;
  for (const auto& [key, value] : file.metadata()) writer.SetMetadata(key, value);
  for (const auto& [name, view] : file.tensors()) {
    if (view.dtype == DType::kF16 || view.dtype == DType::kF32) {
      writer.AddFloats(name, view.dims, file.ReadFloats(name, view.dims).value(), view.dtype);
    } else {
      writer.AddIntegers(name, view.dims, file.ReadIntegers(name, view.dims).value(), view.dtype);
    }
  }
  change(writer, file);
  const auto model = ParseModel(writer.Serialize(), "m.aecm");
  if (model.ok()) return "";
  EXPECT_EQ(model.status().code(), StatusCode::kModel);
  EXPECT_TRUE(model.status().message().starts_with("m.aecm: ")) << model.status().message();
  return model.status().message();
}

TEST(ModelFile, RoundTrip) {
  const std::vector<uint8_t> bytes = TinyModelFile();
  const auto parsed = ParseModel(bytes, "tiny");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Model& model = *parsed.value();
  EXPECT_EQ(model.architecture.name, "tiny");
  EXPECT_EQ(model.provenance, R"({"data": "none"})");
  EXPECT_EQ(model.id, HashModel(bytes));
  EXPECT_EQ(SerializeModel(model.architecture, model.parameters, model.prior, model.means, model.provenance,
                           model.integer->ranges)
                .value(),
            bytes);
  const Parameters original = RandomParameters(model.architecture, 1);
  for (const Parameter& p : original.list()) {
    ASSERT_NE(model.parameters.Find(p.name), nullptr) << p.name;
    EXPECT_EQ(model.parameters.Find(p.name)->value, p.value) << p.name;
    EXPECT_EQ(model.parameters.Find(p.name)->dims, p.dims);
  }
}

TEST(ModelFile, IdFollowsContent) { EXPECT_NE(TinyModel(1)->id, TinyModel(2)->id); }

TEST(ModelFile, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(ErrorAfter([](auto&, auto&) {}), "");
  EXPECT_TRUE(Contains(ErrorAfter([](auto& w, auto&) { w.SetMetadata("aecomp.format", "99"); }), "format 99"));
  EXPECT_TRUE(Contains(ErrorAfter([](auto& w, auto&) { w.SetMetadata("aecomp.architecture", "{"); }),
                       "its architecture: line 1, column 2: not JSON"));
  EXPECT_TRUE(
      Contains(ErrorAfter([](auto& w, auto&) { w.AddFloats("log_gain", {1}, std::vector<float>{1}, DType::kF16); }),
               "\"log_gain\" has the shape [1]"));
  EXPECT_TRUE(Contains(
      ErrorAfter([](auto& w, auto&) { w.AddFloats("z_mean", {8}, std::vector<float>(8, std::nanf("")), DType::kF16); }),
      "not finite"));
  EXPECT_TRUE(Contains(ErrorAfter([](auto& w, auto&) {
                         w.AddIntegers("integer.sigma_head.shift", {1}, std::vector<int32_t>{60}, DType::kI32);
                       }),
                       "shift"));
  EXPECT_TRUE(Contains(ErrorAfter([](auto& w, auto& file) {
                         auto rows = file.ReadIntegers("integer.z_rows", {49, 8}).value();
                         rows[0] = 64;
                         w.AddIntegers("integer.z_rows", {49, 8}, rows, DType::kU8);
                       }),
                       "does not exist"));
  for (const int32_t bad : {0, 5000, -1}) {
    EXPECT_NE(ErrorAfter([&](auto& w, auto& file) {
                auto bounds = file.ReadIntegers("integer.y_tables.bounds", {128}).value();
                bounds[3] = bad;
                w.AddIntegers("integer.y_tables.bounds", {128}, bounds, DType::kI32);
              }),
              "");
  }
}

TEST(ModelFile, OtherFilesAreRefused) {
  const std::string text = "hello, I am a photograph of a cat";
  EXPECT_FALSE(ParseModel({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "cat.png").ok());
  SafetensorsWriter weights;
  weights.AddFloats("w", {1}, std::vector<float>{1}, DType::kF32);
  EXPECT_TRUE(Contains(ParseModel(weights.Serialize(), "w").status().message(), "not a model of aecomp"));
  const auto missing = ReadModel("/nonexistent/model.aecm");
  EXPECT_EQ(missing.status().code(), StatusCode::kModel);
  EXPECT_TRUE(Contains(missing.status().message(), "/nonexistent/model.aecm"));
}

TEST(ModelFile, DamagedFilesNeverCrash) {
  const std::vector<uint8_t> bytes = TinyModelFile();
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    std::vector<uint8_t> damaged = bytes;
    const size_t region = i % 2 == 0 ? 6000 : damaged.size();  // the header is where most goes wrong
    for (int k = 0; k < 2; ++k)
      damaged[random() % std::min(region, damaged.size())] ^= static_cast<uint8_t>(1u << random() % 8);
    if (i % 5 == 0) damaged.resize(random() % damaged.size());
    const auto model = ParseModel(damaged, "damaged");
    if (!model.ok()) {
      EXPECT_EQ(model.status().code(), StatusCode::kModel);
    }
  }
}

}  // namespace
}  // namespace aecomp
