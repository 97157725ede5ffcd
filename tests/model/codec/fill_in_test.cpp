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
  EXPECT_TRUE(LosslessWithin(codec, page, lossless).value());
  EXPECT_FALSE(LosslessWithin(codec, page, lossless - 1).value());
  EXPECT_TRUE(LosslessInstead(codec, page, lossless * 4 / 5 + 1).value());
  EXPECT_FALSE(LosslessInstead(codec, page, lossless * 4 / 5 - 1).value());
  EXPECT_FALSE(LosslessWithin(codec, waves, uint64_t{1} << 30).value()) << "no flat areas: not even tried";
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
  EXPECT_EQ(FillToSize(codec, image, lossless, false).value()->most_error, 0);
  EXPECT_FALSE(FillToSize(codec, image, lossless - 1, true).value());
  EXPECT_FALSE(FillToSize(codec, image, 100, false).value());
  const auto between = FillToSize(codec, image, lossless * 2 / 3, false).value();
  ASSERT_TRUE(between);
  EXPECT_LE(between->bytes.size(), lossless * 2 / 3);
  EXPECT_GT(*between->most_error, 0);
}

}  // namespace
}  // namespace aecomp
