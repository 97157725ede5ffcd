#include "model/base/safetensors_checksum.h"

#include <gtest/gtest.h>

#include <string>

#include "model/base/safetensors.h"

namespace aecomp {
namespace {

SafetensorsWriter SmallFile() {
  SafetensorsWriter writer;
  writer.SetMetadata("a", R"(not an entry: "aecomp.checksum":"0")");
  writer.AddFloats("w", {2, 2}, std::vector<float>{1, -2, 3, 0.5f}, DType::kF32);
  writer.AddIntegers("n", {3}, std::vector<int32_t>{1, 2, 3}, DType::kI8);
  return writer;
}

std::vector<uint8_t> Checked() {
  SafetensorsWriter writer = SmallFile();
  writer.AddChecksum();
  return writer.Serialize();
}

/// With one text of its header replaced by another of the same length.
std::vector<uint8_t> Replaced(std::vector<uint8_t> file, const std::string& from, const std::string& to) {
  std::string text(file.begin(), file.end());
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  text.replace(at, from.size(), to);
  return {text.begin(), text.end()};
}

TEST(SafetensorsChecksum, IsThereWhenAskedFor) {
  const std::vector<uint8_t> with = Checked(), without = SmallFile().Serialize();
  EXPECT_TRUE(SafetensorsFile::Parse(with, "f").value().has_checksum());
  EXPECT_FALSE(SafetensorsFile::Parse(without, "f").value().has_checksum());
  EXPECT_EQ(with, Checked());
  const std::vector<uint8_t> bytes = Checked();
  const auto file = SafetensorsFile::Parse(bytes, "f").value();
  EXPECT_EQ(file.ReadFloats("w", {2, 2}).value(), (std::vector<float>{1, -2, 3, 0.5f}));
  EXPECT_EQ(file.metadata().at("aecomp.checksum").size(), 32u);
}

TEST(SafetensorsChecksum, EveryFlippedBitIsRefused) {
  const std::vector<uint8_t> good = Checked();
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::vector<uint8_t> bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto file = SafetensorsFile::Parse(bad, "f");
    ASSERT_FALSE(file.ok()) << "bit " << bit << " of byte " << bit / 8;
    ASSERT_EQ(file.status().code(), StatusCode::kModel);
  }
}

TEST(SafetensorsChecksum, MessagesSayWhatIsWrong) {
  std::vector<uint8_t> bad = Checked();
  bad.back() ^= 1;
  const auto message = [](const std::vector<uint8_t>& file) {
    return SafetensorsFile::Parse(file, "m.aecm").status().message();
  };
  EXPECT_EQ(message(bad).rfind("m.aecm: its checksum does not match its content; it is damaged", 0), 0u)
      << message(bad);
  const auto half = Replaced(Checked(), "aecomp.checksum.kind", "aecomp.checksum.kine");
  EXPECT_NE(message(half).find("half of its checksum is missing"), std::string::npos) << message(half);
  const auto kind = Replaced(Checked(), "xxh3-128", "sha3-256");
  EXPECT_NE(message(kind).find("a kind that this program does not know"), std::string::npos) << message(kind);
}

}  // namespace
}  // namespace aecomp
