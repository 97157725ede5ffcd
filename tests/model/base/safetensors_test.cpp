#include "model/base/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace aecomp {
namespace {

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Safetensors, RoundTripKeepsEverything) {
  SafetensorsWriter writer;
  const std::vector<float> floats = {1.5f, -2.25f, 0.f, 65504.f, 1e-7f, 3.f};
  const std::vector<int32_t> integers = {-128, 127, 0};
  writer.AddFloats("b.half", {2, 3}, floats, DType::kF16);
  writer.AddFloats("a.float", {6}, floats, DType::kF32);
  writer.AddIntegers("c", {3}, integers, DType::kI8);
  writer.AddIntegers("d", {3, 1}, integers, DType::kI16);
  writer.AddIntegers("e", {1, 3}, integers, DType::kI32);
  writer.AddIntegers("empty", {0}, {}, DType::kU8);
  writer.AddFloats("no floats", {0, 3}, {}, DType::kF32);
  writer.SetMetadata("key", "a \"quoted\"\nvalue");
  const std::vector<uint8_t> file = writer.Serialize();
  EXPECT_EQ(file, writer.Serialize());

  const auto parsed = SafetensorsFile::Parse(file, "w");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const SafetensorsFile& f = parsed.value();
  EXPECT_EQ(f.metadata().at("key"), "a \"quoted\"\nvalue");
  EXPECT_EQ(f.ReadFloats("a.float", {6}).value(), floats);
  const std::vector<float> half = f.ReadFloats("b.half", {2, 3}).value();
  for (size_t i = 0; i < floats.size(); ++i) EXPECT_NEAR(half[i], floats[i], std::fabs(floats[i]) / 2000 + 3e-8);
  for (const char* name : {"c"}) EXPECT_EQ(f.ReadIntegers(name, {3}).value(), integers);
  EXPECT_EQ(f.ReadIntegers("d", {3, 1}).value(), integers);
  EXPECT_EQ(f.ReadIntegers("e", {1, 3}).value(), integers);
  EXPECT_TRUE(f.ReadIntegers("empty", {0}).value().empty());
  EXPECT_TRUE(f.ReadFloats("no floats", {0, 3}).value().empty());
  // Each tensor starts at a multiple of its element's size, and the data at a multiple of 8.
  const uint8_t* data = f.Find("a.float")->bytes.data();
  EXPECT_EQ((data - file.data()) % 8, 0);
  for (const auto& [name, view] : f.tensors())
    EXPECT_EQ((view.bytes.data() - data) % static_cast<int>(ByteSize(view.dtype)), 0) << name;
}

TEST(Safetensors, ReadersNameTheTensorAndBothShapes) {
  SafetensorsWriter writer;
  writer.AddFloats("conv.weight", {2, 1}, std::vector<float>{1, 2}, DType::kF16);
  const std::vector<uint8_t> file = writer.Serialize();
  const SafetensorsFile f = SafetensorsFile::Parse(file, "w").value();
  const std::string shape = f.ReadFloats("conv.weight", {1, 2}).status().message();
  EXPECT_TRUE(Contains(shape, "conv.weight") && Contains(shape, "[2, 1]") && Contains(shape, "[1, 2]")) << shape;
  EXPECT_TRUE(Contains(f.ReadFloats("none", {1}).status().message(), "\"none\" is missing"));
  EXPECT_TRUE(Contains(f.ReadIntegers("conv.weight", {2, 1}).status().message(), "integers"));
}

TEST(Safetensors, TruncatedOrDamagedFilesNeverCrash) {
  SafetensorsWriter writer;
  writer.AddFloats("x", {8}, std::vector<float>(8, 1.f), DType::kF16);
  writer.AddIntegers("y", {4}, std::vector<int32_t>(4, 9), DType::kI32);
  const std::vector<uint8_t> file = writer.Serialize();
  for (size_t n = 0; n < file.size(); ++n) {
    EXPECT_FALSE(SafetensorsFile::Parse(std::span(file).first(n), "w").ok()) << n;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::vector<uint8_t> damaged = file;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    const auto parsed = SafetensorsFile::Parse(damaged, "w");
    if (parsed.ok()) {
      EXPECT_LE(parsed.value().tensors().size(), 2u);
    }
  }
}

TEST(Half, EveryHalfSurvives) {
  for (uint32_t h = 0; h < 65536; ++h) {
    const float f = HalfToFloat(static_cast<uint16_t>(h));
    if (std::isnan(f)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(f))));
    } else {
      EXPECT_EQ(FloatToHalf(f), h);
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  // Between two neighbouring halves: the midpoint goes to the even one, what is above or below it to the nearer one.
  for (uint32_t h = 0; h < 0x7BFF; ++h) {
    const float lo = HalfToFloat(static_cast<uint16_t>(h)), hi = HalfToFloat(static_cast<uint16_t>(h + 1));
    const float middle = 0.5f * (lo + hi);
    EXPECT_EQ(FloatToHalf(middle), h % 2 == 0 ? h : h + 1);
    EXPECT_EQ(FloatToHalf(std::nextafter(middle, 0.f)), h);
    EXPECT_EQ(FloatToHalf(std::nextafter(middle, 1e9f)), h + 1);
    EXPECT_EQ(FloatToHalf(-middle), (h % 2 == 0 ? h : h + 1) | 0x8000u);
  }
  EXPECT_EQ(FloatToHalf(65519.996f), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65520.f), 0x7C00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::infinity()), 0x7C00);
}

}  // namespace
}  // namespace aecomp
