#include "io/formats/pnm.h"

#include <gtest/gtest.h>

#include "tests/io/test_images.h"

namespace aecomp {
namespace {

std::vector<uint8_t> Bytes(const std::string& text) { return {text.begin(), text.end()}; }
StatusCode Code(const std::string& text) { return DecodePnm(Bytes(text), "x.ppm").status().code(); }

TEST(Pnm, ComesBack) {
  for (const int channels : {1, 3}) {
    for (const int bits : {8, 16}) {
      const Image image = MakeImage(13, 7, channels, bits);
      const auto decoded = DecodePnm(EncodePnm(image).value(), "x.ppm");
      ASSERT_TRUE(decoded.ok()) << decoded.status().message();
      EXPECT_TRUE(SameImage(decoded.value(), image));
    }
  }
  EXPECT_FALSE(EncodePnm(MakeImage(2, 2, 4)).ok());
}

TEST(Pnm, IsWrittenAsOthersReadIt) {
  Image image(2, 1, 1, 16);
  const uint16_t samples[] = {0x3132, 0x3334};
  std::memcpy(image.pixels.data(), samples, 4);
  EXPECT_EQ(EncodePnm(image).value(), Bytes("P5\n2 1\n65535\n1234"));
}

TEST(Pnm, ReadsCommentsAndScalesOtherMaxima) {
  const Image image = DecodePnm(Bytes("P5 # c\n#2 3\n 2\t1 # w\r\n3\n\x01\x03"), "x").value();
  ASSERT_EQ(image.pixels.size(), 2u);
  EXPECT_EQ(image.pixels[0], 85);
  EXPECT_EQ(image.pixels[1], 255);
  const Image wide = DecodePnm(Bytes("P5 1 1 1023\n\x03\xff"), "x").value();
  EXPECT_EQ(wide.bits, 16);
  EXPECT_EQ(wide.pixels, (std::vector<uint8_t>{0xff, 0xff}));
}

TEST(Pnm, RefusesDamage) {
  const std::string good = "P6\n1 2\n255\nabcdef";
  ASSERT_EQ(Code(good), StatusCode::kOk);
  for (size_t n = 0; n < good.size(); ++n) EXPECT_EQ(Code(good.substr(0, n)), StatusCode::kInput) << n;
  EXPECT_EQ(Code(good + "x"), StatusCode::kInput) << "tail";
  EXPECT_EQ(Code("P6\n0 2\n255\n"), StatusCode::kInput);
  EXPECT_EQ(Code("P6\n1 2\n0\nabcdef"), StatusCode::kInput);
  EXPECT_EQ(Code("P6\n1 2\n65536\nabcdef"), StatusCode::kInput);
  EXPECT_EQ(Code("P6\n1048576 1048576\n255\nabcdef"), StatusCode::kInput);
  EXPECT_EQ(Code("P6\n99999999999999999999 1\n255\nabcdef"), StatusCode::kInput);
  EXPECT_EQ(Code("P6\n-1 2\n255\nabcdef"), StatusCode::kInput);
  EXPECT_EQ(Code("P5\n1 1\n100\n\x65"), StatusCode::kInput) << "sample above the maximum";
  EXPECT_EQ(Code("P3\n1 1\n255\n1 2 3"), StatusCode::kInput);
}

}  // namespace
}  // namespace aecomp
