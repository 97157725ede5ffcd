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
  EXPECT_EQ(Code("P3\n1 1\n255\n1 2"), StatusCode::kInput);
  EXPECT_EQ(Code("P2\n1 1\n255\n256"), StatusCode::kInput);
  EXPECT_EQ(Code("P2\n1 1\n255\n3 4"), StatusCode::kInput) << "tail";
  EXPECT_EQ(Code("P4\n9 1\n\x01"), StatusCode::kInput);
  EXPECT_EQ(Code("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\n"), StatusCode::kInput);
  EXPECT_EQ(Code("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\nabcd"), StatusCode::kInput);
}

std::vector<uint8_t> Pixels(const std::string& text) { return DecodePnm(Bytes(text), "x").value().pixels; }

TEST(Pnm, ReadsPlainKinds) {
  using Values = std::vector<uint8_t>;
  EXPECT_EQ(Pixels("P1\n# c\n3 2\n1 0 1\n010"), (Values{0, 255, 0, 255, 0, 255}));
  EXPECT_EQ(Pixels("P2 2 1 255 7\n# c\n 9"), (Values{7, 9})) << "no final newline";
  EXPECT_EQ(Pixels("P2 2 1 15 0 15\n"), (Values{0, 255}));
  EXPECT_EQ(Pixels("P3 1 1 255 1 2 3"), (Values{1, 2, 3}));
  const Image wide = DecodePnm(Bytes("P2 1 1 1023 1023"), "x").value();
  EXPECT_EQ(wide.bits, 16);
  EXPECT_EQ(wide.pixels, (Values{0xff, 0xff}));
}

TEST(Pnm, ReadsBitmapsAndPam) {
  using Values = std::vector<uint8_t>;
  EXPECT_EQ(Pixels("P4 9 2\n\x80\x80\x7f\x7f"), (Values{0, 255, 255, 255, 255, 255, 255, 255, 0,  //
                                                        255, 0, 0, 0, 0, 0, 0, 0, 255}));
  const std::string sides = "P7\n# c\nWIDTH 1\nHEIGHT 1\n";
  EXPECT_EQ(Pixels(sides + "DEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nabc"), (Values{'a', 'b', 'c'}));
  EXPECT_EQ(Pixels(sides + "DEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\x01"), (Values{255}));
  const Image gray = DecodePnm(Bytes(sides + "DEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\nab"), "x").value();
  EXPECT_EQ(gray.channels, 2);
  std::vector<std::string> notes;
  const auto bytes = Bytes(sides + "DEPTH 4\nMAXVAL 255\nENDHDR\nabcd");
  EXPECT_EQ(DecodePnm(bytes, "x", {}, &notes).value().pixels, (Values{'a', 'b', 'c', 'd'}));
  EXPECT_EQ(notes.size(), 1u) << "the tuple type is missing";
}

TEST(Pnm, MessagesAreOneLineOfPrintableCharacters) {
  const auto bytes = Bytes("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RG\x1b[2J\xff\tB\nENDHDR\nabc");
  const std::string message = DecodePnm(bytes, "x").status().message();
  EXPECT_NE(message.find("tuple type 'RG?[2J??B' and depth 3"), std::string::npos) << message;
}

TEST(Pnm, WhiteSpaceMayFollow) {
  EXPECT_EQ(Pixels("P5 1 1 255\na\n"), (std::vector<uint8_t>{'a'}));
  EXPECT_EQ(Code("P5 1 1 255\na\nP5 1 1 255\nb"), StatusCode::kInput);
}

TEST(Pnm, WritesPam) {
  for (int channels = 1; channels <= 4; ++channels) {
    for (const int bits : {8, 16}) {
      Image image(3, 2, channels, bits);
      for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(37 * i);
      const Image back = DecodePnm(EncodePam(image), "x").value();
      EXPECT_EQ(back.channels, channels);
      EXPECT_EQ(back.pixels, image.pixels);
    }
  }
}

}  // namespace
}  // namespace aecomp
