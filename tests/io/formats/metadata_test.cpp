#include "io/formats/metadata.h"

#include <gtest/gtest.h>

#include <random>

#include "io/deflate.h"
#include "io/formats/image_io.h"
#include "io/formats/opencv_api.h"
#include "io/formats/orientation.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  return bytes;
}

/// What is left out does not matter.
Metadata Read(std::span<const uint8_t> file) {
  LeftOut left_out;
  return ReadMetadata(file, left_out);
}

/// One directory with one entry, the orientation.
Bytes Exif(int orientation, bool big_endian) {
  const uint8_t o = static_cast<uint8_t>(orientation);
  if (big_endian) return {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, o, 0, 0, 0, 0, 0, 0};
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, o, 0, 0, 0, 0, 0, 0, 0};
}

Image Numbered(int width, int height) {
  Image image(width, height, 3);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i);
  return image;
}

Bytes PngChunk(const std::string& type, const std::string& content) {
  const std::string text = std::string(3, '\0') + static_cast<char>(content.size()) + type + content;
  Bytes chunk(text.begin(), text.end());
  const uint32_t sum = Crc32(std::span(chunk).subspan(4));
  for (int shift = 24; shift >= 0; shift -= 8) chunk.push_back(static_cast<uint8_t>(sum >> shift));
  return chunk;
}

Metadata Everything() {
  Metadata m;
  m.icc = RandomBytes(200000, 1);  // several segments of a JPEG
  m.exif = Exif(1, true);
  const std::string xmp = "<x:xmpmeta>\xc3\xa4</x:xmpmeta>";
  m.xmp.assign(xmp.begin(), xmp.end());
  m.png_text = PngChunk("tEXt", std::string("Title\0text", 10));
  const Bytes second = PngChunk("iTXt", std::string("Title\0\0\0\0\0more", 14));
  m.png_text.insert(m.png_text.end(), second.begin(), second.end());
  m.png_colour = PngChunk("gAMA", std::string("\0\0\xb1\x8f", 4));
  return m;
}

/// What a JPEG keeps of it.
Metadata EverythingButPng() {
  Metadata m = Everything();
  m.png_text.clear(), m.png_colour.clear();
  return m;
}

void ExpectEqual(const Metadata& a, const Metadata& b) {
  EXPECT_EQ(a.icc, b.icc);
  EXPECT_EQ(a.exif, b.exif);
  EXPECT_EQ(a.xmp, b.xmp);
  EXPECT_EQ(a.png_text, b.png_text);
  EXPECT_EQ(a.png_colour, b.png_colour);
  EXPECT_EQ(a.resolution, b.resolution);
}

TEST(Metadata, GoesIntoPngAndJpegAndComesOutAgain) {
  const Image image = Numbered(40, 24);
  for (const char* format : {".png", ".jpg"}) {
    const Bytes plain = EncodeImage(image, format).value();
    std::vector<std::string> notes;
    const bool png = format == std::string(".png");
    const Bytes full = EmbedMetadata(plain, Everything(), &notes);
    EXPECT_EQ(notes.size(), png ? 0u : 2u);
    ExpectEqual(Read(full), png ? Everything() : EverythingButPng());
    ExpectEqual(Read(plain), {});
    const Image decoded = DecodeImage(full, "x", nullptr).value();
    EXPECT_EQ(decoded.pixels, DecodeImage(plain, "x", nullptr).value().pixels) << format;
    EXPECT_EQ(EmbedMetadata(plain, {}, &notes), plain);
  }
}

TEST(Metadata, SaysWhatItLeavesOut) {
  std::vector<std::string> notes;
  const Bytes ppm = EncodeImage(Numbered(4, 4), ".ppm").value();
  EXPECT_EQ(EmbedMetadata(ppm, Everything(), &notes), ppm);
  EXPECT_EQ(notes.size(), 5u);
  notes.clear();
  Metadata m;
  m.xmp = RandomBytes(70000, 3);
  const Bytes jpeg = EncodeImage(Numbered(16, 16), ".jpg").value();
  EXPECT_EQ(EmbedMetadata(jpeg, m, &notes), jpeg);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("XMP left out"), std::string::npos);
}

TEST(Metadata, ChunksComeBack) {
  ExpectEqual(MetadataFromChunks(MetadataChunks(Everything()), "x").value(), Everything());
  EXPECT_TRUE(MetadataChunks({}).empty());
  auto chunks = MetadataChunks(Everything());
  chunks[0].payload.resize(chunks[0].payload.size() / 2);
  EXPECT_EQ(MetadataFromChunks(chunks, "x").status().code(), StatusCode::kCorrupt);
}

TEST(Metadata, WhatIsNoPngChunkDoesNotGetIntoAPng) {
  for (int damage = 0; damage < 2; ++damage) {
    Metadata m;
    m.png_text = PngChunk(damage == 0 ? "PLTE" : "tEXt", std::string("key\0text", 8));
    if (damage == 1) m.png_text.pop_back();
    EXPECT_EQ(MetadataFromChunks(MetadataChunks(m), "x").status().code(), StatusCode::kCorrupt) << damage;
  }
}

TEST(Metadata, ChunksThatAPngMayNotHoldAreLeftOutOfAnAec) {
  const Bytes sound = PngChunk("tEXt", std::string("key\0text", 8));
  Bytes bad = sound;
  bad.back() ^= 1;
  for (const Bytes& chunk :
       {bad, PngChunk("tEXt", "no end of the keyword"), PngChunk("zTXt", std::string("k\0\0no", 5)),
        PngChunk("iTXt", std::string("k\0\0\0\0\0\xff", 7))}) {
    Metadata m;
    m.png_text = sound;
    m.png_text.insert(m.png_text.end(), chunk.begin(), chunk.end());
    std::vector<std::string> notes;
    const auto back = MetadataFromChunks(MetadataChunks(m), "x", &notes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value().png_text, sound);
    EXPECT_EQ(notes.size(), 1u);
  }
}

TEST(Metadata, IccAndXmpOfTiff) {
  // One directory at 8 with two fields of 5 and 6 bytes, which lie behind it.
  Bytes tiff = {'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0};
  const auto field = [&](int tag, int type, uint8_t count, uint8_t offset) {
    const Bytes entry = {static_cast<uint8_t>(tag & 255),
                         static_cast<uint8_t>(tag >> 8),
                         static_cast<uint8_t>(type),
                         0,
                         count,
                         0,
                         0,
                         0,
                         offset,
                         0,
                         0,
                         0};
    tiff.insert(tiff.end(), entry.begin(), entry.end());
  };
  field(700, 1, 5, 38), field(34675, 7, 6, 43);
  tiff.insert(tiff.end(), {0, 0, 0, 0, '<', 'x', '/', '>', ' ', 1, 2, 3, 4, 5, 6});
  const Metadata m = Read(tiff);
  EXPECT_EQ(m.xmp, (Bytes{'<', 'x', '/', '>', ' '}));
  EXPECT_EQ(m.icc, (Bytes{1, 2, 3, 4, 5, 6}));
  for (size_t n = 0; n < tiff.size(); ++n) EXPECT_TRUE(Read(std::span(tiff).first(n)).icc.empty());
}

TEST(Metadata, OrientationIsAppliedAndReset) {
  const Image image = Numbered(5, 3);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      Metadata m;
      m.exif = Exif(orientation, big_endian);
      EXPECT_EQ(ExifOrientation(m.exif), orientation);
      const Bytes png = EmbedMetadata(EncodeImage(image, ".png").value(), m, nullptr);
      Metadata found;
      const Image seen = DecodeImage(png, "x", nullptr, &found).value();
      EXPECT_EQ(ExifOrientation(found.exif), 1);
      ASSERT_EQ(seen.width, orientation >= 5 ? 3 : 5);
      // Where the stored top left pixel goes (EXIF 2.3: what row 0 and column 0 are).
      const bool right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
      const bool bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
      const uint8_t* corner = seen.Row(bottom ? seen.height - 1 : 0) + (right ? seen.width - 1 : 0) * 3;
      EXPECT_EQ(std::vector<uint8_t>(corner, corner + 3), (std::vector<uint8_t>{0, 1, 2})) << orientation;
      // And the stored pixel to its right.
      const int dx = orientation >= 5 ? 0 : (right ? -1 : 1), dy = orientation < 5 ? 0 : (bottom ? -1 : 1);
      const uint8_t* next = corner + (dy * seen.width + dx) * 3;
      EXPECT_EQ(std::vector<uint8_t>(next, next + 3), (std::vector<uint8_t>{3, 4, 5})) << orientation;
    }
  }
}

TEST(Metadata, SurvivesDamage) {
  std::mt19937 random(5);
  for (const char* format : {".png", ".jpg"}) {
    const Bytes full = EmbedMetadata(EncodeImage(Numbered(16, 16), format).value(), Everything(), nullptr);
    for (int trial = 0; trial < 2000; ++trial) {
      Bytes damaged = full;
      for (int i = 0; i < 4; ++i)
        damaged[random() % std::min<size_t>(damaged.size(), 400)] = static_cast<uint8_t>(random());
      damaged.resize(random() % damaged.size() + 1);
      const Metadata m = Read(damaged);
      EXPECT_LE(m.icc.size(), 1u << 24);
      Bytes exif = m.exif;
      ResetExifOrientation(exif);
    }
  }
  for (int trial = 0; trial < 2000; ++trial) {
    Bytes exif = Exif(6, trial % 2 == 0);
    exif[random() % exif.size()] = static_cast<uint8_t>(random());
    exif.resize(random() % exif.size() + 1);
    EXPECT_LE(ExifOrientation(exif), 8);
    ResetExifOrientation(exif);
  }
}

}  // namespace
}  // namespace aecomp
