#include "model/codec/outliers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "io/bytes.h"
#include "io/deflate.h"
#include "model/codec/codec.h"

namespace aecomp {
namespace {

uint16_t* SamplesOf(Image& image) { return reinterpret_cast<uint16_t*>(image.pixels.data()); }
const uint16_t* SamplesOf(const Image& image) { return reinterpret_cast<const uint16_t*>(image.pixels.data()); }
size_t Count(const Image& image) { return image.pixels.size() / 2; }

/// A picture with some texture that uses the samples from low to high.
Image Faint(int width, int height, int channels, int low, int high) {
  Image image(width, height, channels, 16);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const double v = 0.5 + 0.3 * std::sin(0.03 * x + c) * std::cos(0.04 * y) + 0.1 * std::sin(0.5 * x + 0.3 * y);
        SamplesOf(image)[(y * width + x) * channels + c] = static_cast<uint16_t>(low + std::lround((high - low) * v));
      }
    }
  }
  SamplesOf(image)[0] = static_cast<uint16_t>(low), SamplesOf(image)[1] = static_cast<uint16_t>(high);
  return image;
}

/// Places of outliers, never the first two samples.
std::vector<size_t> Places(const Image& image, int count) {
  std::mt19937 random(3);
  std::vector<size_t> places;
  for (int i = 0; i < count; ++i) places.push_back(2 + random() % (Count(image) - 2));
  return places;
}

std::shared_ptr<Model> BuiltIn() {
  static const std::shared_ptr<Model> model = ParseModel(EmbeddedModelFile(), "the built-in model").value();
  return model;
}

class OutliersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (EmbeddedModelFile().empty()) GTEST_SKIP() << "no model is built in";
    codec_ = std::make_unique<Codec>(BuiltIn());
    quality_ = static_cast<int>(std::lround(0.9 * BuiltIn()->architecture.max_quality()));
  }
  Container Coded(const Image& image) { return ParseContainer(codec_->Compress(image, quality_).value(), "x").value(); }

  std::unique_ptr<Codec> codec_;
  int quality_ = 0;
};

/// Of the samples that are no outliers, where `range` is the picture's own.
double FaintPsnr(const Image& a, const Image& b, const std::vector<size_t>& places, double range) {
  double sum = 0;
  for (size_t i = 0; i < Count(a); ++i) {
    if (std::find(places.begin(), places.end(), i) != places.end()) continue;
    const double d = double{static_cast<double>(SamplesOf(a)[i])} - SamplesOf(b)[i];
    sum += d * d;
  }
  return 10 * std::log10(range * range * static_cast<double>(Count(a) - places.size()) / sum);
}

TEST_F(OutliersTest, AreExactAndLeaveTheRest) {
  const struct {
    int low, high, channels, count;
    uint16_t outlier;
  } cases[] = {{300, 500, 1, 1, 65535},     {300, 500, 1, 20, 65535},  {300, 500, 1, 300, 65535},
               {300, 500, 3, 1, 65535},     {300, 500, 3, 300, 65535}, {60000, 60200, 1, 1, 0},
               {60000, 60200, 3, 100, 0},   {0, 255, 1, 5, 40000},     {65000, 65535, 1, 5, 7},
               {30000, 30200, 3, 50, 65535}};
  for (const auto& c : cases) {
    const Image clean = Faint(150, 130, c.channels, c.low, c.high);
    Image image = clean.Clone();
    const std::vector<size_t> places = Places(image, c.count);
    for (const size_t at : places) SamplesOf(image)[at] = c.outlier;
    const Image restored = codec_->Decompress(Coded(image), "x").value();
    for (const size_t at : places) EXPECT_EQ(SamplesOf(restored)[at], c.outlier);
    const double psnr = FaintPsnr(image, restored, places, c.high - c.low);
    const double without = FaintPsnr(clean, codec_->Decompress(Coded(clean), "x").value(), {}, c.high - c.low);
    EXPECT_GE(psnr, 40) << c.low << " " << c.count;
    EXPECT_GE(psnr, without - 1) << "far worse than without outliers";
    ::testing::Test::RecordProperty("psnr_" + std::to_string(c.low) + "_" + std::to_string(c.count),
                                    std::to_string(psnr));
  }
}

TEST_F(OutliersTest, OfManyValuesOnBothSides) {
  Image image = Faint(200, 100, 1, 30000, 30300);
  const std::vector<size_t> places = Places(image, 60);
  for (size_t i = 0; i < places.size(); ++i)
    SamplesOf(image)[places[i]] = static_cast<uint16_t>(i % 2 == 0 ? 200 * i : 65535 - 100 * i);
  const Image restored = codec_->Decompress(Coded(image), "x").value();
  for (const size_t at : places) EXPECT_EQ(SamplesOf(restored)[at], SamplesOf(image)[at]);
  EXPECT_GE(FaintPsnr(image, restored, places, 300), 40);
}

TEST_F(OutliersTest, RegionsHoldTheirShare) {
  Image image = Faint(300, 200, 3, 300, 500);
  for (const size_t at : Places(image, 200)) SamplesOf(image)[at] = 65535;
  codec_->SetTileSize(64);
  const Container container = Coded(image);
  const Image whole = codec_->Decompress(container, "x").value();
  for (const Region& region : {Region{0, 0, 300, 200}, Region{70, 50, 101, 60}, Region{299, 199, 1, 1}}) {
    EXPECT_EQ(codec_->Decompress(container, "x", region).value().pixels, Crop(whole, region).pixels);
  }
}

TEST_F(OutliersTest, OfAnOrdinaryPictureThereAreNone) {
  std::mt19937 random(5);
  Image noise = Faint(100, 100, 3, 1000, 60000), highlights = Faint(100, 100, 3, 300, 500);
  for (size_t i = 0; i < Count(noise); ++i) SamplesOf(noise)[i] = static_cast<uint16_t>(random());
  for (size_t i = 0; i < Count(highlights); i += 20) SamplesOf(highlights)[i] = 60000;  // a part of the picture
  const Image constant = Faint(40, 40, 1, 65535, 65535), faint = Faint(64, 64, 1, 300, 500);
  for (const Image* image : std::initializer_list<const Image*>{&noise, &highlights, &constant, &faint}) {
    const SampleRange range = ChooseRange(*image);
    const auto [low, high] = std::minmax_element(SamplesOf(*image), SamplesOf(*image) + Count(*image));
    EXPECT_EQ(range.low, std::min<int>(*low, 65534));
    EXPECT_EQ(range.high, *high);
    EXPECT_TRUE(FindOutliers(*image, range).empty());
    const Container container = Coded(*image);
    EXPECT_TRUE(std::none_of(container.extra.begin(), container.extra.end(), IsOutlierChunk));
  }
  const Image bytes(10, 10, 3, 8);
  EXPECT_EQ(ChooseRange(bytes).high, 255);
  EXPECT_TRUE(FindOutliers(bytes, ChooseRange(bytes)).empty());
}

/// The content of a chunk: count, gaps, samples.
std::vector<uint8_t> Content(uint64_t count, const std::vector<uint64_t>& gaps, const std::vector<uint16_t>& samples) {
  ByteWriter writer;
  writer.Varint(count);
  for (const uint64_t gap : gaps) writer.Varint(gap);
  for (const uint16_t sample : samples) writer.U16(sample);
  return Deflate(writer.bytes(), 6);
}

TEST_F(OutliersTest, ChunksThatDoNotFitAreRefused) {
  Image image = Faint(32, 32, 1, 300, 500);
  SamplesOf(image)[77] = 65535, SamplesOf(image)[1023] = 5;
  const Container good = Coded(image);
  const auto status = [&](const std::vector<uint8_t>& payload, int bits = 16) {
    Container bad;
    bad.header = good.header, bad.tiles = good.tiles, bad.extra = good.extra;
    bad.header.bits = static_cast<uint8_t>(bits);
    std::find_if(bad.extra.begin(), bad.extra.end(), IsOutlierChunk)->payload = payload;
    return codec_->Decompress(bad, "x").status();
  };
  EXPECT_TRUE(status(Content(2, {77, 945}, {65535, 5})).ok());
  const std::vector<uint8_t> bads[] = {Content(2, {77, 946}, {65535, 5}),  // beyond the image
                                       Content(2, {77, ~uint64_t{0}}, {65535, 5}),
                                       Content(2, {77, 945}, {65535, 400}),  // what the network gives
                                       Content(2, {77, 945}, {65535}),
                                       Content(2, {77}, {65535}),
                                       Content(1, {77}, {65535, 5}),
                                       Content(0, {}, {}),
                                       Content(~uint64_t{0}, {77}, {65535}),
                                       Deflate({}, 6),
                                       {1, 2, 3},
                                       {}};
  for (const auto& payload : bads) EXPECT_EQ(status(payload).code(), StatusCode::kCorrupt);
  EXPECT_EQ(status(Content(2, {77, 945}, {65535, 5}), 8).code(), StatusCode::kCorrupt);
}

}  // namespace
}  // namespace aecomp
