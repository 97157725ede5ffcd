#include "model/codec/model_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <set>

#include "model/codec/codec.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A good model's file, taken apart, to be put together again otherwise.
class Edit {
 public:
  Edit() : bytes_(TinyModelFile()), file_(SafetensorsFile::Parse(bytes_, "tiny").value()) {
    for (const auto& [key, value] : file_.metadata()) metadata[key] = value;
    metadata.erase("aecomp.checksum"), metadata.erase("aecomp.checksum.kind");  // what is made is another file
  }

  std::map<std::string, std::string> metadata;
  SafetensorsWriter extra;  ///< holds what replaces tensors of the same names

  const std::vector<int64_t>& Dims(const std::string& name) const { return file_.Find(name)->dims; }
  std::vector<float> Floats(const std::string& name) const { return file_.ReadFloats(name, Dims(name)).value(); }
  std::vector<int32_t> Integers(const std::string& name) const { return file_.ReadIntegers(name, Dims(name)).value(); }
  void Drop(const std::string& name) { dropped_.insert(name); }
  void Replace(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values,
               DType dtype = DType::kF16) {
    Drop(name);
    extra.AddFloats(name, dims, values, dtype);
  }
  void Replace(const std::string& name, const std::vector<int64_t>& dims, const std::vector<int32_t>& values,
               DType dtype) {
    Drop(name);
    extra.AddIntegers(name, dims, values, dtype);
  }

  std::vector<uint8_t> Serialize() {
    for (const auto& [key, value] : metadata) extra.SetMetadata(key, value);
    for (const auto& [name, view] : file_.tensors()) {
      if (dropped_.contains(name)) continue;
      if (view.dtype == DType::kF16 || view.dtype == DType::kF32) {
        extra.AddFloats(name, view.dims, Floats(name), view.dtype);
      } else {
        extra.AddIntegers(name, view.dims, Integers(name), view.dtype);
      }
    }
    return extra.Serialize();
  }

 private:
  const std::vector<uint8_t> bytes_;
  const SafetensorsFile file_;
  std::set<std::string> dropped_;
};

std::string ErrorAfter(const std::function<void(Edit&)>& change, ModelUse use = ModelUse::kBoth) {
  Edit edit;
  change(edit);
  const auto model = ParseModel(edit.Serialize(), "m.aecm", use);
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

TEST(ModelFile, OneSideIsEnough) {
  const Image image = SyntheticImage(70, 50, 3);
  const auto load = [](ModelUse use) {
    return std::shared_ptr<Model>(ParseModel(TinyModelFile(), "tiny", use).value());
  };
  Codec both(load(ModelUse::kBoth)), packs(load(ModelUse::kCompression)), unpacks(load(ModelUse::kDecompression));
  const std::vector<uint8_t> bytes = both.Compress(image, 20).value();
  EXPECT_EQ(packs.Compress(image, 20).value(), bytes);
  const Container container = ParseContainer(bytes, "x").value();
  EXPECT_EQ(unpacks.Decompress(container, "x").value().pixels, both.Decompress(container, "x").value().pixels);
  EXPECT_EQ(unpacks.Compress(image, 20).status().code(), StatusCode::kModel);
  EXPECT_EQ(packs.Decompress(container, "x").status().code(), StatusCode::kModel);
}

TEST(ModelFile, IdFollowsContent) { EXPECT_NE(TinyModel(1)->id, TinyModel(2)->id); }

TEST(ModelFile, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(ErrorAfter([](Edit&) {}), "");
  const std::string conv = "analysis.0.weight", transposed = "synthesis.0.weight", rows = "integer.z_rows";
  const std::string architecture = "aecomp.architecture", bounds = "integer.y_tables.bounds";
  const struct {
    const char* what;
    std::function<void(Edit&)> change;
    const char* complaint;
  } cases[] = {
      {"no metadata", [&](Edit& e) { e.metadata.clear(); }, "its metadata names no architecture"},
      {"no format", [&](Edit& e) { e.metadata.erase("aecomp.format"); }, "its metadata names no architecture"},
      {"no architecture", [&](Edit& e) { e.metadata.erase(architecture); }, "its metadata names no architecture"},
      {"format of the future", [&](Edit& e) { e.metadata["aecomp.format"] = "99"; }, "a model of format 99"},
      {"format that moves the cursor", [&](Edit& e) { e.metadata["aecomp.format"] = "\x1b[2J"; },
       "a model of format ?[2J"},
      {"empty architecture", [&](Edit& e) { e.metadata[architecture] = ""; }, "its architecture: line 1, column 1"},
      {"broken architecture", [&](Edit& e) { e.metadata[architecture] = "{"; },
       "its architecture: line 1, column 2: not JSON"},
      {"architecture of a list", [&](Edit& e) { e.metadata[architecture] = "[]"; }, "is a JSON object, got []"},
      {"wider architecture",
       [&](Edit& e) {
         std::string& json = e.metadata[architecture];
         json.replace(json.find("[0.001, "), 8, "[0.0001, 0.001, ");
       },
       "tensor \"log_gain\" has the shape [4, 16], but [5, 16] is expected"},
      {"no weight", [&](Edit& e) { e.Drop(conv); }, "tensor \"analysis.0.weight\" is missing"},
      {"no gains", [&](Edit& e) { e.Drop("log_gain"); }, "tensor \"log_gain\" is missing"},
      {"no integer weight", [&](Edit& e) { e.Drop("integer.sigma_head.weight"); },
       "tensor \"integer.sigma_head.weight\" is missing"},
      {"no tables", [&](Edit& e) { e.Drop(bounds); }, "tensor \"integer.y_tables.bounds\" is missing"},
      {"transposed convolution in the order of oneDNN",
       [&](Edit& e) {
         e.Replace(transposed, {8, 16, 4, 4}, e.Floats(transposed));
       },
       "tensor \"synthesis.0.weight\" has the shape [8, 16, 4, 4], but [16, 8, 4, 4] is expected"},
      {"flattened weight",
       [&](Edit& e) {
         e.Replace(conv, {8, 192}, e.Floats(conv));
       },
       "has the shape [8, 192]"},
      {"channels-last weight",
       [&](Edit& e) {
         e.Replace(conv, {8, 8, 8, 3}, e.Floats(conv));
       },
       "has the shape [8, 8, 8, 3], but [8, 3, 8, 8] is expected"},
      {"scalar", [&](Edit& e) { e.Replace("log_gain", {}, std::vector<float>{1}); }, "has the shape []"},
      {"weight in integers", [&](Edit& e) { e.Replace(conv, e.Dims(conv), std::vector<int32_t>(1536, 1), DType::kI8); },
       "tensor \"analysis.0.weight\" must hold F32 or F16"},
      {"integers in floats",
       [&](Edit& e) { e.Replace(rows, e.Dims(rows), std::vector<float>(e.Integers(rows).size(), 1.f)); },
       "tensor \"integer.z_rows\" must hold integers"},
      {"not a number", [&](Edit& e) { e.Replace("z_mean", {8}, std::vector<float>(8, std::nanf(""))); },
       "tensor \"z_mean\" holds a number that is not finite"},
      {"infinite in f32", [&](Edit& e) { e.Replace("z_mean", {8}, std::vector<float>(8, INFINITY), DType::kF32); },
       "tensor \"z_mean\" holds a number that is not finite"},
      {"beyond f16", [&](Edit& e) { e.Replace("z_mean", {8}, std::vector<float>(8, 1e5f)); }, "not finite"},
      {"wild shift",
       [&](Edit& e) { e.Replace("integer.sigma_head.shift", {1}, std::vector<int32_t>{60}, DType::kI32); }, "shift"},
      {"row that does not exist",
       [&](Edit& e) {
         std::vector<int32_t> values = e.Integers(rows);
         values[0] = 64;
         e.Replace(rows, e.Dims(rows), values, DType::kU8);
       },
       "does not exist"},
  };
  for (const auto& c : cases) {
    const std::string message = ErrorAfter(c.change);
    EXPECT_TRUE(Contains(message, c.complaint)) << c.what << ": " << message;
  }
  for (const int32_t bad : {0, 5000, -1}) {
    EXPECT_TRUE(Contains(ErrorAfter([&](Edit& e) {
                           std::vector<int32_t> values = e.Integers(bounds);
                           values[3] = bad;
                           e.Replace(bounds, e.Dims(bounds), values, DType::kI32);
                         }),
                         "tensor \"integer.y_tables.bounds\" does not fit its frequencies"))
        << bad;
  }
}

/// Every list of floating-point numbers that a model has, with numbers in it from which nothing useful can come.
TEST(ModelFile, NumbersThatNoModelHasAreRefused) {
  const std::vector<uint8_t> bytes = Edit().Serialize();
  const auto file = SafetensorsFile::Parse(bytes, "tiny").value();
  int lists = 0;
  for (const auto& tensor : file.tensors()) {  // no structured binding: clang 14 cannot capture one
    const std::string& name = tensor.first;
    if (tensor.second.dtype != DType::kF16 && tensor.second.dtype != DType::kF32) continue;
    ++lists;
    for (const float bad : {std::nanf(""), INFINITY, -INFINITY, 1e30f}) {
      for (const ModelUse use : {ModelUse::kBoth, ModelUse::kCompression, ModelUse::kDecompression}) {
        const auto change = [&](Edit& e) {
          std::vector<float> values = e.Floats(name);
          values.back() = bad;
          e.Replace(name, e.Dims(name), values, DType::kF32);
        };
        EXPECT_NE(ErrorAfter(change, use), "") << name << " = " << bad;
      }
    }
  }
  EXPECT_GT(lists, 20);
  const std::string scales = "integer.feature_scales";
  for (const float bad : {0.f, -1.f, 1e-20f}) {
    const auto change = [&](Edit& e) {
      std::vector<float> values = e.Floats(scales);
      values.front() = bad;
      e.Replace(scales, e.Dims(scales), values, DType::kF32);
    };
    EXPECT_TRUE(Contains(ErrorAfter(change), "\"integer.feature_scales\" holds a number that is no scale")) << bad;
  }
  const auto skipped = [](Edit& e) {
    e.Replace("integer.gray_skipped", {16}, std::vector<int32_t>(16, 2), DType::kU8);
  };
  EXPECT_TRUE(Contains(ErrorAfter(skipped), "\"integer.gray_skipped\" holds a number other than 0 and 1"));
}

TEST(ModelFile, FlippedBitsAreRefused) {
  const std::vector<uint8_t> bytes = TinyModelFile();
  std::mt19937 random(2);
  for (int i = 0; i < 400; ++i) {
    std::vector<uint8_t> damaged = bytes;
    const size_t region = i % 2 == 0 ? 6000 : damaged.size();
    damaged[random() % std::min(region, damaged.size())] ^= static_cast<uint8_t>(1u << random() % 8);
    EXPECT_FALSE(ParseModel(damaged, "damaged").ok()) << i;
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
  const std::vector<uint8_t> bytes = Edit().Serialize();  // without the checksum that would end it all
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
