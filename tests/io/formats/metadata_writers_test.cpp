// Metadata that are put into a file are read from it again.
#include <gtest/gtest.h>

#include "io/formats/image_io.h"
#include "io/formats/metadata.h"
#include "tests/io/formats/file_pieces.h"

namespace aecomp {
namespace {

Image Small() {
  Image image(7, 5, 3);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 5);
  return image;
}

Metadata Read(const Bytes& file) {
  LeftOut left_out;
  return ReadMetadata(file, left_out);
}

std::string Joined(const std::vector<std::string>& notes) {
  std::string all;
  for (const std::string& note : notes) all += note + "\n";
  return all;
}

using Unit = Resolution::Unit;
const Resolution kPerInch = {Unit::kInch, {300, 1}, {72, 1}};

TEST(MetadataWriters, ResolutionIsWrittenWhereTheFormatHasIt) {
  Metadata m;
  m.resolution = kPerInch;
  const auto written = [&](const char* format, const Metadata& what) {
    std::vector<std::string> notes;
    const Bytes file = EmbedMetadata(EncodeImage(Small(), format).value(), what, &notes);
    EXPECT_EQ(Joined(notes), "") << format;
    EXPECT_TRUE(DecodeImage(file, "x", nullptr).ok()) << format;
    return *Read(file).AnyResolution();
  };
  EXPECT_EQ(written(".jpg", m), kPerInch);
  EXPECT_EQ(written(".tif", m), kPerInch);
  const Resolution per_metre = {Unit::kMetre, {11811, 1}, {2835, 1}};
  EXPECT_EQ(written(".png", m), per_metre);
  EXPECT_EQ(written(".bmp", m), per_metre);
  // What a PNG says is written into the others.
  m.resolution.reset();
  AppendPngChunk(m.png_colour, "pHYs", *ToPhys(per_metre));
  EXPECT_EQ(written(".png", m), per_metre);
  EXPECT_EQ(written(".jpg", m), kPerInch);
  EXPECT_EQ(written(".tif", m), (Resolution{Unit::kCentimetre, {11811, 100}, {2835, 100}}));
  for (const char* format : {".ppm", ".webp"}) {
    std::vector<std::string> notes;
    (void)EmbedMetadata(EncodeImage(Small(), format).value(), m, &notes);
    EXPECT_NE(Joined(notes).find("resolution left out"), std::string::npos) << format;
  }
}

TEST(MetadataWriters, TiffKeepsProfileAndXmpAndItsPixels) {
  Metadata m;
  m.icc = Profile("RGB "), m.xmp = ToBytes("<x/>"), m.resolution = kPerInch;
  const Bytes plain = EncodeImage(Small(), ".tif").value();
  std::vector<std::string> notes;
  const Bytes full = EmbedMetadata(plain, m, &notes);
  EXPECT_EQ(Joined(notes), "");
  Metadata found;
  const Image image = DecodeImage(full, "x", nullptr, &found).value();
  EXPECT_EQ(image.pixels, Small().pixels);
  EXPECT_EQ(found.icc, m.icc);
  EXPECT_EQ(found.xmp, m.xmp);
  EXPECT_EQ(found.resolution, m.resolution);
  EXPECT_EQ(EmbedMetadata(plain, {}, &notes), plain);
  m.exif = {'I', 'I', 42, 0, 8, 0, 0, 0};
  (void)EmbedMetadata(plain, m, &notes);
  EXPECT_NE(Joined(notes).find("EXIF left out"), std::string::npos);
}

TEST(MetadataWriters, OtherFormatsNameEverything) {
  Metadata m;
  m.icc = Profile("RGB "), m.xmp = ToBytes("<x/>"), m.exif = {'I', 'I', 42, 0, 8, 0, 0, 0}, m.resolution = kPerInch;
  AppendPngChunk(m.png_text, "tEXt", ToBytes(Text("key\0text")));
  AppendPngChunk(m.png_colour, "gAMA", Bytes(4));
  AppendPngChunk(m.png_colour, "cICP", Bytes(4));
  for (const char* format : {".ppm", ".webp"}) {
    std::vector<std::string> notes;
    const Bytes plain = EncodeImage(Small(), format).value();
    EXPECT_EQ(EmbedMetadata(plain, m, &notes), plain);
    for (const char* name : {"ICC profile", "EXIF", "XMP", "resolution", "PNG text", "gAMA, cICP"}) {
      EXPECT_NE(Joined(notes).find(std::string(name) + " left out"), std::string::npos) << format << name;
    }
  }
}

}  // namespace
}  // namespace aecomp
