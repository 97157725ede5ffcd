#include "io/formats/image_io.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/container.h"
#include "io/convert.h"
#include "io/formats/alpha.h"
#include "io/formats/jpeg.h"
#include "io/formats/opencv_api.h"
#include "io/formats/png.h"
#include "io/metrics.h"
#include "tests/io/test_images.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;

Result<Image> Decode(const Bytes& bytes, std::vector<std::string>* notes = nullptr) {
  return DecodeImage(bytes, "x", notes);
}
Bytes Encode(const Image& image, const std::string& extension, int quality = 95) {
  auto bytes = EncodeImage(image, extension, {.png_level = 1, .quality = quality});
  EXPECT_TRUE(bytes.ok()) << extension << ": " << bytes.status().message();
  return bytes.ok() ? bytes.value() : Bytes();
}

TEST(ImageIo, LosslessFormatsComeBack) {
  for (const int channels : {1, 3}) {
    const Image image = MakeImage(33, 21, channels);
    for (const std::string extension :
         {".png", "PNG", channels == 3 ? "ppm" : "pgm", ".pnm", ".bmp", ".tif", ".tiff", ".jp2"}) {
      const auto decoded = Decode(Encode(image, extension));
      ASSERT_TRUE(decoded.ok()) << extension << decoded.status().message();
      EXPECT_TRUE(SameImage(decoded.value(), image)) << extension;
    }
  }
}

// A swap of red and blue would show here.
TEST(ImageIo, JpegComesBackSimilar) {
  const Image image = MakeImage(64, 48);
  const auto decoded = Decode(Encode(image, ".jpg", 95));
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_GT(Psnr(image, decoded.value()), 30);
  EXPECT_LT(Encode(image, ".jpg", 20).size(), Encode(image, ".jpg", 90).size());
}

TEST(ImageIo, WebpComesBackWithWhatIsTransparent) {
  for (const int channels : {3, 4}) {
    Image image = MakeImage(33, 21, channels);
    for (size_t i = 3; channels == 4 && i < image.pixels.size(); i += 8) image.pixels[i] = 0;
    const auto decoded = Decode(Encode(image, ".webp"));
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_TRUE(SameImage(decoded.value(), image));
  }
}

TEST(ImageIo, SixteenBitsOfJpeg2000ComeBack) {
  const Image image = MakeImage(33, 21, 3, 16);
  const auto decoded = Decode(Encode(image, ".jp2"));
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_TRUE(SameImage(decoded.value(), image));
}

TEST(ImageIo, JpegIsSubsampled) {
  const Bytes bytes = Encode(MakeImage(64, 48), ".jpg");
  const uint8_t frame[] = {0xff, 0xc0};
  const auto start = std::search(bytes.begin(), bytes.end(), frame, frame + 2);
  ASSERT_NE(start, bytes.end());
  EXPECT_EQ(start[11], 0x22) << "4:2:0";
}

TEST(ImageIo, KeepsDepthAndAlphaWhereTheFormatDoes) {
  struct Case {
    const char* extension;
    int channels, bits, kept_channels, kept_bits;
    size_t notes;
  };
  for (const Case& c : {Case{".png", 4, 8, 4, 8, 0}, Case{".png", 2, 16, 2, 16, 0}, Case{".png", 4, 16, 4, 16, 0},
                        Case{".tif", 3, 16, 3, 16, 0}, Case{".tif", 2, 8, 2, 8, 0}, Case{".webp", 4, 8, 4, 8, 0},
                        Case{".webp", 3, 16, 3, 8, 1}, Case{".ppm", 3, 16, 3, 16, 0}, Case{".ppm", 4, 8, 3, 8, 1},
                        Case{".ppm", 1, 8, 3, 8, 0}, Case{".pgm", 2, 16, 1, 16, 1}, Case{".jp2", 3, 16, 3, 16, 0},
                        Case{".jpg", 4, 16, 3, 8, 2}, Case{".bmp", 4, 8, 3, 8, 1}, Case{".tif", 4, 16, 4, 16, 0},
                        Case{".pam", 2, 16, 2, 16, 0}, Case{".pam", 4, 8, 4, 8, 0}}) {
    std::vector<std::string> notes;
    const Image image = MakeImage(64, 64, c.channels, c.bits);
    const auto encoded = EncodeImage(image, c.extension, {.png_level = 1, .quality = 101}, &notes);
    ASSERT_TRUE(encoded.ok()) << c.extension << encoded.status().message();
    EXPECT_EQ(notes.size(), c.notes) << c.extension << (notes.empty() ? "" : notes[0]);
    const Image decoded = Decode(encoded.value()).value();
    EXPECT_EQ(decoded.channels, c.kept_channels) << c.extension;
    EXPECT_EQ(decoded.bits, c.kept_bits) << c.extension;
    if (c.notes == 0 && c.kept_channels == c.channels && c.extension != std::string(".jp2")) {
      EXPECT_TRUE(SameImage(decoded, image)) << c.extension;
    }
  }
}

TEST(ImageIo, PlainImagesHave8BitsAndNoAlpha) {
  for (const int bits : {8, 16}) {
    for (const int channels : {1, 2, 3, 4}) {
      const Image image = MakeImage(9, 7, channels, bits);
      std::vector<std::string> notes;
      const Image plain = ToPlain8Bits(image.Clone(), &notes);
      EXPECT_EQ(plain.bits, 8);
      EXPECT_EQ(plain.channels, channels - (channels + 1) % 2);
      EXPECT_EQ(notes.size(), size_t{bits == 16} + (channels % 2 == 0));
      for (size_t i = 0; i < 63; ++i) {
        for (size_t c = 0; c < static_cast<size_t>(plain.channels); ++c) {
          uint16_t sample = image.pixels[i * static_cast<size_t>(channels) + c];
          if (bits == 16) std::memcpy(&sample, image.pixels.data() + 2 * (i * static_cast<size_t>(channels) + c), 2);
          EXPECT_EQ(plain.pixels[i * static_cast<size_t>(plain.channels) + c],
                    bits == 16 ? std::lround(sample / 257.0) : sample);
        }
      }
    }
  }
}

TEST(ImageIo, AlphaGoesAndComesBack) {
  for (const int bits : {8, 16}) {
    for (const int channels : {2, 4}) {
      const Image image = MakeImage(31, 17, channels, bits);
      EXPECT_FALSE(IsOpaque(image));
      const Image colour = WithoutAlpha(image.Clone());
      const ExtraChunk chunk = AlphaChunk(AlphaOf(image)).value();
      EXPECT_TRUE(SameImage(RestoreAlpha(colour.Clone(), {chunk}, "x").value(), image));
      EXPECT_TRUE(SameImage(RestoreAlpha(colour.Clone(), {}, "x").value(), colour));
      ExtraChunk cut = chunk;
      cut.payload.resize(cut.payload.size() / 2);
      EXPECT_EQ(RestoreAlpha(colour.Clone(), {cut}, "x").status().code(), StatusCode::kCorrupt);
      EXPECT_EQ(RestoreAlpha(MakeImage(30, 17, 3, bits), {chunk}, "x").status().code(), StatusCode::kCorrupt);
      EXPECT_EQ(RestoreAlpha(MakeImage(31, 17, 3, 24 - bits), {chunk}, "x").status().code(), StatusCode::kCorrupt);
      Image opaque = WithAlpha(colour, AlphaOf(image));
      for (int y = 0; y < opaque.height; ++y) {
        for (int x = 0; x < opaque.width; ++x) {
          std::memset(opaque.Row(y) + Image::ByteSize(1, x + 1, channels, bits) - bits / 8, 0xff,
                      static_cast<size_t>(bits / 8));
        }
      }
      EXPECT_TRUE(IsOpaque(opaque));
    }
  }
}

TEST(ImageIo, SaysWhyItIsNoImage) {
  const auto message = [](const Bytes& bytes) {
    const Status status = Decode(bytes).status();
    EXPECT_EQ(status.code(), StatusCode::kInput);
    return status.message();
  };
  Container container;
  container.header.width = container.header.height = 1;
  container.tiles.resize(1);
  EXPECT_NE(message(SerializeContainer(container)).find("aecomp decompress"), std::string::npos);
  EXPECT_NE(message({'h', 'e', 'l', 'l', 'o'}).find("not an image"), std::string::npos);
  EXPECT_NE(message({}).find("empty"), std::string::npos);
  EXPECT_NE(ReadPlainImage("/no/such/file.png", nullptr).status().message().find("no such file"), std::string::npos);
  EXPECT_EQ(EncodeImage(MakeImage(2, 2), ".xyz").status().code(), StatusCode::kUsage);
  EXPECT_EQ(EncodeImage(MakeImage(2, 2), "").status().code(), StatusCode::kUsage);
  EXPECT_EQ(EncodeImage(MakeImage(2, 2), ".pgm").status().code(), StatusCode::kUsage);
}

TEST(ImageIo, RefusesTruncatedImages) {
  const Image image = MakeImage(64, 48);
  for (const auto& [extension, quality] : {std::pair(".jpg", 90), std::pair(".webp", 90), std::pair(".png", 0),
                                           std::pair(".bmp", 0), std::pair(".tif", 0), std::pair(".ppm", 0)}) {
    const Bytes bytes = Encode(image, extension, quality);
    for (const double part : {0.02, 0.1, 0.5, 0.9, 0.99}) {
      const auto n = static_cast<size_t>(part * static_cast<double>(bytes.size()));
      const auto decoded = Decode(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(n)));
      EXPECT_FALSE(decoded.ok()) << extension << " cut at " << n << " of " << bytes.size();
    }
  }
}

TEST(ImageIo, JpegEndsWithItsOwnEnd) {
  const Bytes bytes = Encode(MakeImage(64, 48), ".jpg");
  EXPECT_TRUE(JpegIsComplete(bytes));
  for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(JpegIsComplete(std::span(bytes).first(n))) << n;
  Bytes tail = bytes;
  tail.insert(tail.end(), {1, 2, 3});
  EXPECT_TRUE(JpegIsComplete(tail));
  EXPECT_TRUE(Decode(tail).ok());
  // An end marker inside a segment, as thumbnails have, is not the image's.
  Bytes thumbnail = {0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9};
  thumbnail.insert(thumbnail.end(), bytes.begin() + 2, bytes.end());
  EXPECT_TRUE(JpegIsComplete(thumbnail));
  thumbnail.pop_back();
  thumbnail.pop_back();
  EXPECT_FALSE(JpegIsComplete(thumbnail));
}

TEST(ImageIo, CountsJpegComponents) {
  EXPECT_EQ(JpegComponents(Encode(MakeImage(16, 16), ".jpg")), 3);
  EXPECT_EQ(JpegComponents(Encode(MakeImage(16, 16, 1), ".jpg")), 1);
  const Bytes cmyk = {0xff, 0xd8, 0xff, 0xc2, 0, 20, 8, 0, 1, 0, 1, 4, 1, 17, 0};
  EXPECT_EQ(JpegComponents(cmyk), 4);
  for (size_t n = 0; n < 11; ++n) EXPECT_EQ(JpegComponents(std::span(cmyk).first(n)), 0);
}

TEST(ImageIo, AppliesExifOrientation) {
  const Bytes plain = Encode(MakeImage(64, 48), ".jpg");
  // An EXIF segment with one entry: orientation 6, "turn clockwise".
  const Bytes exif = {0xff, 0xe1, 0,    34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                      0,    1,    0x01, 0x12, 0,   3,   0,   0,   0, 1, 0,   6,   0, 0,  0, 0, 0, 0};
  Bytes turned(plain.begin(), plain.begin() + 2);
  turned.insert(turned.end(), exif.begin(), exif.end());
  turned.insert(turned.end(), plain.begin() + 2, plain.end());
  const auto decoded = Decode(turned);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded.value().width, 48);
  EXPECT_EQ(decoded.value().height, 64);
}

TEST(ImageIo, SurvivesDamage) {
  const Image image = MakeImage(24, 16);
  std::mt19937 random(1);
  for (const auto& [extension, quality] : {std::pair(".webp", 60), std::pair(".bmp", 0), std::pair(".tif", 0),
                                           std::pair(".png", 0), std::pair(".ppm", 0)}) {
    const Bytes bytes = Encode(image, extension, quality);
    for (int trial = 0; trial < 300; ++trial) {
      Bytes damaged = bytes;
      for (int i = 0; i < 3; ++i) damaged[4 + random() % (bytes.size() - 4)] = static_cast<uint8_t>(random());
      const auto decoded = Decode(damaged);
      EXPECT_TRUE(!decoded.ok() || !decoded.value().pixels.empty());
    }
  }
}

TEST(OpenCv, ResizesBothWays) {
  const OpenCvApi* api = LoadOpenCv().value();
  Image flat(40, 30, 3);
  std::fill(flat.pixels.begin(), flat.pixels.end(), uint8_t{77});
  for (const auto& [w, h] : {std::pair(20, 15), std::pair(80, 60), std::pair(7, 50)}) {
    const Image resized = api->resize(flat, w, h);
    EXPECT_EQ(resized.width, w);
    EXPECT_EQ(resized.height, h);
    EXPECT_TRUE(std::all_of(resized.pixels.begin(), resized.pixels.end(), [](uint8_t p) { return p == 77; }));
  }
  Image pairs(2, 2, 1);
  pairs.pixels = {10, 20, 30, 40};
  EXPECT_EQ(api->resize(pairs, 1, 1).pixels[0], 25) << "mean over the area";
}

TEST(OpenCv, Plots) {
  const OpenCvApi* api = LoadOpenCv().value();
  Plot plot = {"Rate and distortion", "bits per pixel", "PSNR (dB)", {}, false};
  for (const std::string label : {"aecomp", "JPEG", "WebP", "JPEG 2000", "AVIF"}) {
    PlotSeries series{label, {}, {}};
    for (double x = 0.1; x < 3; x *= 1.4) {
      series.x.push_back(x);
      series.y.push_back(34 + 4 * std::log(x) - static_cast<double>(plot.series.size()));
    }
    plot.series.push_back(series);
  }
  for (const bool log_x : {false, true}) {
    plot.log_x = log_x;
    const auto png = api->plot(plot, 1000, 700);
    ASSERT_TRUE(png.ok()) << png.status().message();
    const Image image = DecodePng(png.value(), "plot").value();
    EXPECT_EQ(image.width, 1000);
    EXPECT_EQ(image.height, 700);
    EXPECT_EQ(image.pixels[0], 255) << "white";
  }
  // Nothing, a point, and numbers that have no place.
  EXPECT_TRUE(api->plot(Plot(), 400, 300).ok());
  plot.series = {{"one", {1}, {1}}, {"odd", {NAN, -1, INFINITY, 3}, {1, 2, 3}}};
  EXPECT_TRUE(api->plot(plot, 400, 300).ok());
  EXPECT_EQ(api->plot(plot, 4, 3).status().code(), StatusCode::kUsage);
}

}  // namespace
}  // namespace aecomp
