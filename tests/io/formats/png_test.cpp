#include "io/formats/png.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "io/deflate.h"
#include "io/file.h"
#include "io/formats/opencv_api.h"
#include "io/formats/plain_png.h"
#include "io/formats/png_chunks.h"
#include "tests/io/test_images.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

TEST(Png, ComesBack) {
  for (const int channels : {1, 3}) {
    for (const int size : {1, 2, 37, 200}) {  // 200: several pieces
      for (const int level : {0, 1, 6, 9}) {
        const Image image = MakeImage(size, size + 3, channels);
        const auto decoded = DecodePng(EncodePng(image, level).value(), "x.png");
        ASSERT_TRUE(decoded.ok()) << decoded.status().message();
        EXPECT_TRUE(SameImage(decoded.value(), image));
      }
    }
  }
}

/// Rows of any bytes, filtered in every way: to libpng, which OpenCV reads with, they mean the same.
TEST(Png, EveryFilterIsThatOfLibpng) {
  const auto opencv = LoadOpenCv();
  ASSERT_TRUE(opencv.ok()) << opencv.status().message();
  std::mt19937 random(7);
  for (const int channels : {1, 3, 4}) {
    for (const int bits : {8, 16}) {
      const int width = 23, height = 40;
      std::vector<uint8_t> rows, header;
      for (int y = 0; y < height; ++y) {
        rows.push_back(static_cast<uint8_t>(y % 5));
        for (int i = 0; i < width * channels * bits / 8; ++i) rows.push_back(static_cast<uint8_t>(random()));
      }
      AppendBigEndian(header, width);
      AppendBigEndian(header, height);
      const auto colour = static_cast<uint8_t>(channels == 1 ? 0 : channels == 3 ? 2 : 6);
      header.insert(header.end(), {static_cast<uint8_t>(bits), colour, 0, 0, 0});
      std::vector<uint8_t> file(kPngSignature.begin(), kPngSignature.end());
      AppendPngChunk(file, "IHDR", header);
      const std::vector<uint8_t> stream = Deflate(rows, 1);
      AppendPngChunk(file, "IDAT", std::span(stream).first(9));
      AppendPngChunk(file, "IDAT", std::span(stream).subspan(9));
      AppendPngChunk(file, "IEND", {});
      const auto decoded = DecodePng(file, "x.png"), expected = opencv.value()->decode(file, "x.png");
      ASSERT_TRUE(decoded.ok()) << decoded.status().message();
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      EXPECT_TRUE(DecodePlainPng(file)) << "or else it was libpng as well";
      EXPECT_TRUE(SameImage(decoded.value(), expected.value())) << channels << " channels of " << bits << " bits";
    }
  }
}

TEST(Png, RefusesEveryTruncation) {
  const auto bytes = EncodePng(MakeImage(30, 20)).value();
  for (size_t n = 0; n < bytes.size(); ++n) {
    ASSERT_EQ(DecodePng(std::span(bytes).first(n), "x.png").status().code(), StatusCode::kInput) << n;
  }
  const Status status = DecodePng(std::span(bytes).first(bytes.size() - 30), "x.png").status();
  EXPECT_NE(status.message().find("truncated"), std::string::npos) << status.message();
}

// Bits that carry pixels are under a checksum; what flips elsewhere (a chunk's case) may be harmless, but never
// crashes.
TEST(Png, SurvivesEveryBitFlip) {
  const Image image = MakeImage(16, 12);
  const auto bytes = EncodePng(image).value();
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto decoded = DecodePng(flipped, "x.png");
    refused += !decoded.ok();
    EXPECT_TRUE(!decoded.ok() || SameImage(decoded.value(), image)) << bit;
  }
  EXPECT_GE(refused, 8 * bytes.size() * 95 / 100);
}

TEST(Png, HeadersTellTheSize) {
  const std::vector<uint8_t> file = EncodePng(Image(300, 70000, 1)).value();
  const auto size = PeekPngSize(file);
  ASSERT_TRUE(size.has_value());
  EXPECT_EQ(size->width, 300);
  EXPECT_EQ(size->height, 70000);
  EXPECT_FALSE(PeekPngSize(std::span(file).first(23)).has_value());
  EXPECT_FALSE(PeekPngSize({}).has_value());
  std::vector<uint8_t> other = file;
  other[16] = 0x80;  // more than 2^31 - 1, which PNG does not allow
  EXPECT_FALSE(PeekPngSize(other).has_value());
  other[0] = 'x';
  EXPECT_FALSE(PeekPngSize(other).has_value());
}

TEST(Png, ReadsLargeOnes) {
  const Image image = MakeImage(5000, 4500);  // more than is inflated at once
  const auto decoded = DecodePng(EncodePng(image, 1).value(), "x.png");
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(SameImage(decoded.value(), image));
}

/// The file with its rows' stream changed, and right checksums of chunks.
std::vector<uint8_t> WithRows(std::span<const uint8_t> file, void (*change)(std::vector<uint8_t>&)) {
  std::vector<uint8_t> changed(file.begin(), file.begin() + 8);
  ForEachPngChunk(file, 8, [&](const PngChunk& chunk) {
    std::vector<uint8_t> content(chunk.content.begin(), chunk.content.end());
    if (chunk.type == "IDAT") change(content);
    AppendPngChunk(changed, chunk.type, content);
  });
  return changed;
}

TEST(Png, RefusesDamagedRowsWithRightChecksums) {
  const auto bytes = EncodePng(MakeImage(30, 20)).value();
  const auto message = [&](void (*change)(std::vector<uint8_t>&)) {
    return DecodePng(WithRows(bytes, change), "x.png").status().message();
  };
  EXPECT_EQ(message([](auto&) {}), "");
  EXPECT_NE(message([](auto& rows) { rows[0] ^= 1; }).find("x.png: damaged PNG image"), std::string::npos);
  EXPECT_NE(message([](auto& rows) { rows.resize(rows.size() / 2); }).find("x.png: damaged"), std::string::npos);
}

/// Rewrites width and height in the header, checksum included.
std::vector<uint8_t> WithSize(std::vector<uint8_t> bytes, uint32_t width, uint32_t height) {
  for (size_t i = 0; i < 4; ++i) {
    bytes[16 + i] = static_cast<uint8_t>(width >> (24 - 8 * i));
    bytes[20 + i] = static_cast<uint8_t>(height >> (24 - 8 * i));
  }
  uint32_t crc = 0xffffffff;
  for (size_t i = 12; i < 29; ++i) {
    crc ^= bytes[i];
    for (int k = 0; k < 8; ++k) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  for (size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<uint8_t>(~crc >> (24 - 8 * i));
  return bytes;
}

TEST(Png, RefusesSizesBeforeItAllocates) {
  const auto bytes = EncodePng(MakeImage(16, 12)).value();
  ASSERT_TRUE(DecodePng(WithSize(bytes, 16, 12), "x").ok());
  const auto message = [&](uint32_t w, uint32_t h) { return DecodePng(WithSize(bytes, w, h), "x").status().message(); };
  EXPECT_NE(message(1 << 30, 1 << 30).find("more than"), std::string::npos);
  EXPECT_NE(message(1 << 14, 1 << 14).find("truncated"), std::string::npos);
  EXPECT_NE(message(0, 12), "");
  const Status limited = DecodePng(bytes, "x", 100).status();
  EXPECT_NE(limited.message().find("16 x 12 pixels are more than the 100"), std::string::npos) << limited.message();
}

TEST(Png, RefusesWhatIsNone) {
  const std::vector<uint8_t> text = {'h', 'e', 'l', 'l', 'o', ' ', 'p', 'n', 'g'};
  EXPECT_EQ(DecodePng(text, "x").status().code(), StatusCode::kInput);
  EXPECT_FALSE(EncodePng(Image()).ok());
}

// OpenCV is a second opinion on what both read alike.
TEST(Png, ReadsPngSuite) {
  const std::string folder = TestData() + "/pngsuite";
  if (!fs::is_directory(folder)) GTEST_SKIP() << "no PngSuite in " << folder << "; set AECOMP_TEST_DATA";
  int read = 0, refused = 0, compared = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() != ".png") continue;
    const auto bytes = ReadFile(entry.path()).value();
    const auto image = DecodePng(bytes, name);
    EXPECT_EQ(image.ok(), name[0] != 'x') << name << ": " << image.status().message();
    ++(image.ok() ? read : refused);
    if (!image.ok()) continue;
    const auto other = LoadOpenCv().value()->decode(bytes, name);
    if (!other.ok() || other.value().channels != image.value().channels) continue;
    ++compared;
    EXPECT_TRUE(SameImage(other.value(), image.value())) << name;
  }
  EXPECT_GE(read, 160);
  EXPECT_GE(refused, 14);
  EXPECT_GE(compared, 80);
}

}  // namespace
}  // namespace aecomp
