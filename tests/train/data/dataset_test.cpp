// What becomes of image files before networks see them.
#include "train/data/dataset.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "io/file.h"
#include "io/formats/png.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

class DatasetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("aecomp_dataset_" + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string Write(const std::string& name, const Image& image) {
    const std::string path = (root_ / name).string();
    const auto png = EncodePng(image, 1);
    EXPECT_TRUE(png.ok() && WriteFileAtomically(path, png.value(), /*overwrite=*/true).ok());
    return path;
  }
  Dataset Load(const std::vector<std::string>& files, const LoadOptions& options) {
    auto loaded = Dataset::Load(files, options, &notes_);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    return loaded.ok() ? std::move(loaded).value() : Dataset();
  }

  fs::path root_;
  std::vector<std::string> notes_;
};

uint16_t& Sample16(Image& image, int x, int y) { return reinterpret_cast<uint16_t*>(image.Row(y))[x]; }

/// Gray of 12 bits: 1000 to 4000, left to right.
Image TwelveBits(int width, int height) {
  Image image(width, height, 1, 16);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) Sample16(image, x, y) = static_cast<uint16_t>(1000 + 3000 * x / (width - 1));
  return image;
}

TEST_F(DatasetTest, SixteenBitsSpreadOverTheirRange) {
  const Dataset data = Load({Write("a.png", TwelveBits(61, 8))}, {1});
  float pixels[61];
  ReadPixels(data.image(0), 0, 3, 61, 1, pixels);
  EXPECT_EQ(pixels[0], 0);
  EXPECT_EQ(pixels[60], 1);
  EXPECT_NEAR(pixels[1], 1 / 60.0, 1e-4);  // 50 of 3000: with 8 bits of 65535 it would be 0
}

TEST_F(DatasetTest, GrayBecomesThreeEqualChannelsAndColourLuma) {
  Image colour(8, 8, 3);
  for (size_t i = 0; i < colour.pixels.size(); i += 3) colour.pixels[i] = 200, colour.pixels[i + 1] = 100;
  const std::vector<std::string> files = {Write("a.png", TwelveBits(8, 8)), Write("b.png", colour)};
  const Dataset three = Load(files, {3}), one = Load(files, {1});
  ASSERT_EQ(three.image(0).channels, 3);
  float rgb[24], gray[8];
  ReadPixels(three.image(0), 0, 0, 8, 1, rgb);
  ReadPixels(one.image(0), 0, 0, 8, 1, gray);
  for (int x = 0; x < 8; ++x)
    for (int c = 0; c < 3; ++c) EXPECT_EQ(rgb[3 * x + c], gray[x]);
  EXPECT_EQ(one.image(1).pixels[0], 119);  // 0.299 * 200 + 0.587 * 100
}

TEST_F(DatasetTest, LargeImagesKeepAWindow) {
  const std::string file = Write("a.png", TwelveBits(200, 40));
  const Dataset data = Load({file}, {1, 1, 2 * 3200}), again = Load({file}, {1, 1, 2 * 3200});
  EXPECT_LE(data.image(0).width * data.image(0).height, 3200);  // half of the pixels: 16 bits
  EXPECT_EQ(data.image(0).height, 40);
  EXPECT_EQ(data.image(0).width, 80);
  EXPECT_EQ(data.image(0).pixels, again.image(0).pixels);
}

TEST_F(DatasetTest, NamesWhatIsLeftOut) {
  const std::string bad = (root_ / "bad.png").string();
  const uint8_t text[] = {'n', 'o'};
  ASSERT_TRUE(WriteFileAtomically(bad, text, false).ok());
  const Dataset data =
      Load({bad, Write("small.png", TwelveBits(20, 40)), Write("fits.png", TwelveBits(32, 40))}, {3, 32});
  EXPECT_EQ(data.size(), 1u);
  ASSERT_EQ(notes_.size(), 2u);
  EXPECT_NE(notes_[0].find("bad.png"), std::string::npos);
  EXPECT_NE(notes_[1].find("small.png: 20x40 is smaller"), std::string::npos) << notes_[1];
}

TEST_F(DatasetTest, NoiseHasItsDeviationAndLeavesTheCleanPatchAlone) {
  Image flat(128, 128, 1);
  std::memset(flat.pixels.data(), 128, flat.pixels.size());
  Dataset data = Load({Write("flat.png", flat)}, {1});
  data.set_noise(20);
  std::vector<float> noisy(64 * 64), clean(noisy.size()), again(noisy.size());
  data.Sample(7, 64, noisy.data(), clean.data());
  data.Sample(7, 64, again.data());
  EXPECT_EQ(noisy, again);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < noisy.size(); ++i) {
    EXPECT_FLOAT_EQ(clean[i], 128 / 255.f);
    const double d = 255.0 * (noisy[i] - clean[i]);
    sum += d, squares += d * d;
  }
  const double n = static_cast<double>(noisy.size());
  EXPECT_NEAR(sum / n, 0, 1.5);
  EXPECT_NEAR(std::sqrt(squares / n), 20, 1);
  const Image stored = WithNoise(flat, 20, 1);
  EXPECT_NE(stored.pixels, flat.pixels);
  EXPECT_EQ(stored.pixels, WithNoise(flat, 20, 1).pixels);
}

TEST_F(DatasetTest, SharesOfABatchAreItsParts) {
  Image image(40, 40, 3, 8);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 7 + i / 120);
  Dataset dataset = Load({Write("a.png", image)}, {});
  dataset.set_noise(5);
  constexpr int kPatch = 16, kSamples = 2 * kPatch * kPatch * 3;  // of a share
  BatchLoader whole(dataset, 4, kPatch, 3, 48, 1, 0), first(dataset, 2, kPatch, 3, 48, 1, 0, {0, 2}),
      second(dataset, 2, kPatch, 3, 48, 1, 0, {1, 2});
  for (int step = 0; step < 3; ++step) {
    const Batch &all = whole.Next(), &a = first.Next(), &b = second.Next();
    EXPECT_TRUE(std::equal(a.x.data(), a.x.data() + kSamples, all.x.data()));
    EXPECT_TRUE(std::equal(b.x.data(), b.x.data() + kSamples, all.x.data() + kSamples));
    EXPECT_TRUE(std::equal(b.clean.data(), b.clean.data() + kSamples, all.clean.data() + kSamples));
    std::vector<float> quality = a.quality;
    quality.insert(quality.end(), b.quality.begin(), b.quality.end());
    EXPECT_EQ(quality, all.quality);
  }
}

TEST_F(DatasetTest, TakeSplitsAndKeepsTheOrder) {
  std::vector<std::string> files;
  for (int i = 0; i < 5; ++i) files.push_back(Write("p" + std::to_string(i) + ".png", TwelveBits(16, 16 + i)));
  Dataset data = Load(files, {1});
  const Dataset odd = data.Take([](size_t i) { return i % 2 == 1; });
  ASSERT_EQ(odd.size(), 2u);
  ASSERT_EQ(data.size(), 3u);
  EXPECT_EQ(odd.image(1).height, 19);
  EXPECT_EQ(odd.name(1), files[3]);
  EXPECT_EQ(data.image(2).height, 20);
}

}  // namespace
}  // namespace aecomp
