// The residual layer makes up for what the network does not reach: every picture has what its quality promises.
#include "model/codec/fill_in.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "io/metrics.h"
#include "model/codec/quality_axis.h"
#include "model/codec/quality_floor.h"
#include "model/codec/rate_control.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

Image Restored(Codec& codec, const std::vector<uint8_t>& bytes) {
  return codec.Decompress(ParseContainer(bytes, "test").value(), "test").value();
}

/// What networks are bad at, and a picture of waves.
std::vector<std::pair<std::string, Image>> Pictures() {
  std::mt19937 random(3);
  std::vector<std::pair<std::string, Image>> pictures;
  const auto draw = [&](const char* name, int width, int height, int channels, auto value) {
    Image image(width, height, channels, 8);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width * channels; ++x) image.Row(y)[x] = static_cast<uint8_t>(value(x, y));
    }
    pictures.emplace_back(name, std::move(image));
  };
  draw("checkerboard", 64, 64, 1, [](int x, int y) { return (x + y) % 2 * 255; });
  draw("dithered", 70, 50, 1, [&](int x, int) { return static_cast<int>(random() % 70) < x ? 255 : 0; });
  draw("noise", 40, 40, 3, [&](int, int) { return static_cast<int>(random() % 256); });
  draw("text", 120, 60, 3, [&](int x, int y) { return y % 12 < 8 && (x / 3 * 7919 + y / 12 * 31) % 5 < 2 ? 0 : 255; });
  draw("saturated", 60, 60, 3, [&](int x, int y) { return (x / 3 / 5 + y / 4 + x % 3) % 3 == 0 ? 255 : 0; });
  draw("two columns", 2, 90, 3, [&](int x, int y) { return x * 40 + y; });
  draw("pixel", 1, 1, 3, [](int x, int) { return 80 * x; });
  pictures.emplace_back("waves", SyntheticImage(150, 130, 3));
  pictures.emplace_back("gray waves", SyntheticImage(150, 130, 1));
  return pictures;
}

TEST(QualityFloor, RisesSmoothly) {
  EXPECT_FALSE(PsnrFloor(0));
  EXPECT_FALSE(PsnrFloor(80));
  EXPECT_NEAR(*PsnrFloor(80.001), 36, 0.01);
  EXPECT_EQ(PsnrFloor(90), 41);
  EXPECT_EQ(PsnrFloor(100), 46);
}

TEST(FillIn, EveryPictureHasWhatItsQualityPromises) {
  Codec codec(TinyModel());
  for (const auto& [name, image] : Pictures()) {
    for (const double quality : {85.0, 90.0, 100.0}) {
      size_t without = 0;
      for (const int tries : {0, 1, 3}) {
        SCOPED_TRACE(name + " at " + std::to_string(quality) + ", bases: " + std::to_string(tries));
        codec.SetBaseTries(tries);
        const FilledFile file = CompressToQuality(codec, image, quality).value();
        const double psnr = Psnr(image, Restored(codec, file.bytes));
        EXPECT_GE(psnr, *PsnrFloor(quality));
        EXPECT_EQ(psnr, *file.psnr);
        if (tries == 0) without = file.bytes.size();
        EXPECT_LE(file.bytes.size(), without);
        if (file.most_error) {
          EXPECT_EQ(ParseContainer(file.bytes, "test").value().header.base, file.base.has_value());
        }
      }
    }
  }
}

TEST(FillIn, NothingChangesWhereNothingIsPromised) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(100, 60, 3);
  for (const double quality : {0.0, 50.0, 80.0}) {
    const FilledFile file = CompressToQuality(codec, image, quality).value();
    EXPECT_FALSE(file.most_error);
    EXPECT_EQ(file.bytes, codec.Compress(image, StepOfQuality(quality, codec.model().architecture)).value());
  }
}

/// Lines of letters that come again, as pages of text have them.
Image Page(int width, int height) {
  Image page(width, height, 3, 8);
  std::fill(page.pixels.begin(), page.pixels.end(), uint8_t{255});
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int letter = (x / 8 * 7 + y / 16 * 5) % 11, row = y % 16, column = x % 8;
      const bool ink = row < 10 && column < 6 && (letter * (row / 2 + 1) + column / 2 * 3) % 4 == 0;
      if (ink) std::fill_n(page.Row(y) + 3 * x, 3, uint8_t{20});
    }
  }
  return page;
}

TEST(FillIn, FlatPicturesAreLosslessWhereThatIsSmaller) {
  Codec codec(TinyModel());
  const Image page = Page(300, 280), waves = SyntheticImage(300, 280, 3);
  const size_t lossless = codec.CompressExactly(page, 0, std::nullopt).value().size();
  for (const double quality : {20.0, 50.0, 80.0, 95.0}) {
    const int step = StepOfQuality(quality, codec.model().architecture);
    ASSERT_GT(codec.Compress(page, step).value().size(), lossless) << "else this tests nothing";
    const FilledFile file = CompressToQuality(codec, page, quality).value();
    EXPECT_EQ(file.bytes.size(), lossless);
    EXPECT_EQ(file.most_error, 0);
    EXPECT_EQ(Restored(codec, file.bytes).pixels, page.pixels);
  }
  EXPECT_EQ(FlatWithin(codec, page, lossless).value()->most_error, 0);
  EXPECT_FALSE(FlatWithin(codec, waves, uint64_t{1} << 30).value()) << "no flat areas: not even tried";
}

/// A page whose ink and paper are not quite of one colour each.
Image ScreenPage(int width, int height) {
  Image page = Page(width, height);
  uint32_t state = 1;
  for (uint8_t& v : page.pixels) {
    state = state * 1664525 + 1013904223;
    if (v == 20 || state >> 28 == 0) v = static_cast<uint8_t>(v - 3 + (state >> 24) % 7 % (256 - v + 3));
  }
  return page;
}

TEST(FillIn, WhatStandsInForANetworksFileIsBetter) {
  Codec codec(TinyModel());
  const Image page = ScreenPage(300, 280);
  ASSERT_TRUE(IsFlat(page));
  const size_t lossless = Lossless(codec, page).value().bytes.size();
  int near = 0;
  for (int quality = 0; quality <= codec.model().architecture.max_quality(); quality += 4) {
    const std::vector<uint8_t> file = codec.Compress(page, quality).value();
    const auto instead = FlatInstead(codec, page, file).value();
    if (lossless <= file.size() + file.size() / 4) {
      ASSERT_TRUE(instead);
      EXPECT_EQ(instead->most_error, 0);
    } else if (instead) {
      ++near;
      EXPECT_GT(*instead->most_error, 0);
      EXPECT_LE(instead->bytes.size(), file.size());
      EXPECT_GT(*instead->psnr, Psnr(page, Restored(codec, file)));
      EXPECT_LE(LargestDifference(page, Restored(codec, instead->bytes)), *instead->most_error);
    }
  }
  EXPECT_GT(near, 0) << "else this tests nothing";
}

/// Large and almost empty: a sample of it takes far more bytes a pixel than all of it.
TEST(FillIn, DrawingsAreLosslessAtEverySize) {
  Codec codec(TinyModel());
  Image figure(600, 500, 3, 8);
  std::fill(figure.pixels.begin(), figure.pixels.end(), uint8_t{255});
  const Image label = Page(60, 24);
  for (const auto& [left, top] : {std::pair{150, 130}, std::pair{400, 360}}) {
    for (int y = 0; y < label.height; ++y) {
      std::copy_n(label.Row(y), 3 * label.width, figure.Row(top + y) + 3 * left);
    }
  }
  const size_t lossless = Lossless(codec, figure).value().bytes.size();
  for (const size_t part : {8, 10, 12, 16, 24, 80}) {
    const auto size = static_cast<double>(lossless * part / 8);
    EXPECT_EQ(CompressToTarget(codec, figure, {RateTarget::Kind::kBytes, size}).value().most_error, 0) << part;
  }
  for (const double quality : {0.0, 10.0, 20.0, 50.0}) {
    EXPECT_EQ(CompressToQuality(codec, figure, quality).value().most_error, 0) << quality;
  }
  EXPECT_EQ(CompressToTarget(codec, figure, {RateTarget::Kind::kPsnr, 25}).value().most_error, 0);
}

TEST(FillIn, DitheringIsFlat) {
  constexpr int kBayer[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
  Codec codec(TinyModel());
  Image ramp(256, 64, 1, 8);
  for (int y = 0; y < ramp.height; ++y) {
    for (int x = 0; x < ramp.width; ++x) ramp.Row(y)[x] = x / 16 > kBayer[y % 4][x % 4] ? 255 : 0;
  }
  EXPECT_TRUE(IsFlat(ramp));
  EXPECT_EQ(CompressToQuality(codec, ramp, 30).value().most_error, 0);
  EXPECT_FALSE(IsFlat(SyntheticImage(256, 64, 1)));
}

TEST(FillIn, TheSmallestFileIsNamed) {
  Codec codec(TinyModel());
  const Image page = ScreenPage(300, 280);
  const Status refusal = CompressToTarget(codec, page, {RateTarget::Kind::kBytes, 50}).status();
  ASSERT_EQ(refusal.code(), StatusCode::kUsage);
  const size_t at = refusal.message().find("takes ");
  ASSERT_NE(at, std::string::npos) << refusal.message();
  const double least = std::stod(refusal.message().substr(at + 6));
  EXPECT_TRUE(CompressToTarget(codec, page, {RateTarget::Kind::kBytes, least}).ok());
  EXPECT_FALSE(CompressToTarget(codec, page, {RateTarget::Kind::kBytes, least - 1}).ok());
}

TEST(FillIn, TargetsKnowOfLosslessFiles) {
  Codec codec(TinyModel());
  const Image page = Page(300, 280);
  const uint64_t lossless = codec.CompressExactly(page, 0, std::nullopt).value().size();
  const auto to_size = CompressToTarget(codec, page, {RateTarget::Kind::kBytes, static_cast<double>(lossless)});
  EXPECT_EQ(to_size.value().most_error, 0);
  EXPECT_EQ(to_size.value().bytes.size(), lossless);
  EXPECT_EQ(to_size.value().passes, 0) << "the network is not even tried";
  const auto to_psnr = CompressToTarget(codec, page, {RateTarget::Kind::kPsnr, 10});
  EXPECT_LE(to_psnr.value().bytes.size(), lossless);
  EXPECT_TRUE(!to_psnr.value().most_error || *to_psnr.value().psnr == INFINITY);
}

TEST(FillIn, LargerErrorsAreTakenWhereTheyAreRare) {
  Codec codec(TinyModel());
  const Image noise = std::move(Pictures()[2].second), waves = SyntheticImage(150, 130, 3);
  const FilledFile strict = FillToPsnr(codec, waves, 50).value(), loose = FillToPsnr(codec, waves, 40).value();
  EXPECT_LT(*strict.most_error, *loose.most_error);
  EXPECT_LT(loose.bytes.size(), strict.bytes.size());
  // Errors of noise are spread evenly: 46 dB allow a mean square of 1.6, E = 2 has 2.
  EXPECT_EQ(FillToPsnr(codec, noise, 46).value().most_error, 1);
}

TEST(FillIn, InfinityIsLossless) {
  Codec codec(TinyModel());
  Image image = SyntheticImage(50, 40, 3);
  for (const double psnr : {90.0, static_cast<double>(INFINITY)}) {
    const FilledFile file = FillToPsnr(codec, image, psnr).value();
    EXPECT_EQ(file.most_error, 0);
    EXPECT_EQ(Restored(codec, file.bytes).pixels, image.pixels);
  }
}

TEST(FillIn, SizesAreNotExceeded) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(150, 130, 3);
  const size_t lossless = FillToPsnr(codec, image, INFINITY).value().bytes.size();
  EXPECT_EQ(FillToSize(codec, image, lossless).value()->most_error, 0);
  EXPECT_FALSE(FillToSize(codec, image, 100).value());
  const auto between = FillToSize(codec, image, lossless * 2 / 3).value();
  ASSERT_TRUE(between);
  EXPECT_LE(between->bytes.size(), lossless * 2 / 3);
  EXPECT_GT(*between->most_error, 0);
}

}  // namespace
}  // namespace aecomp
