#include "model/codec/residual_layer.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <random>

#include "io/metrics.h"
#include "model/codec/codec.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

Image SixteenBits(int width, int height, int channels) {
  Image image(width, height, channels, 16);
  std::mt19937 random(3);
  auto* samples = reinterpret_cast<uint16_t*>(image.pixels.data());
  for (size_t i = 0; i < image.pixels.size() / 2; ++i) samples[i] = static_cast<uint16_t>(i * 19 + random() % 300);
  samples[0] = 65535, samples[image.pixels.size() / 2 - 1] = 0;
  return image;
}

Container Parsed(const std::vector<uint8_t>& bytes) {
  auto container = ParseContainer(bytes, "test");
  EXPECT_TRUE(container.ok()) << container.status().message();
  return std::move(container).value();
}

Image Exactly(Codec& codec, const Image& image, int most_error, std::optional<int> base) {
  const auto bytes = codec.CompressExactly(image, most_error, base);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  auto restored = codec.Decompress(Parsed(bytes.value()), "test");
  EXPECT_TRUE(restored.ok()) << restored.status().message();
  return std::move(restored).value();
}

TEST(ResidualLayer, KeepsWhatItPromises) {
  Codec codec(TinyModel());
  for (const std::optional<int> base : {std::optional<int>(), std::optional<int>(0), std::optional<int>(40)}) {
    for (const auto& [width, height] : {std::pair(1, 1), {1, 70}, {130, 65}, {65, 3}}) {
      for (const int channels : {1, 3}) {
        for (const int error : {0, 1, 7}) {
          SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height) + " error " + std::to_string(error) +
                       " base " + std::to_string(base.value_or(-1)));
          codec.SetTileSize(64);
          const Image image = SyntheticImage(width, height, channels), wide = SixteenBits(width, height, channels);
          const Image restored = Exactly(codec, image, error, base);
          ASSERT_EQ(restored.pixels.size(), image.pixels.size());
          EXPECT_LE(LargestDifference(restored, image), error);
          EXPECT_LE(LargestDifference(Exactly(codec, wide, error, base), wide), error);
        }
      }
    }
  }
}

TEST(ResidualLayer, RegionsArePartsOfTheWhole) {
  Codec codec(TinyModel());
  codec.SetTileSize(64);
  const Image image = SyntheticImage(200, 150, 3);
  for (const std::optional<int> base : {std::optional<int>(), std::optional<int>(30)}) {
    const Container container = Parsed(codec.CompressExactly(image, base ? 2 : 0, base).value());
    const Image whole = codec.Decompress(container, "test").value();
    for (const Region& r :
         {Region{0, 0, 1, 1}, Region{60, 60, 10, 10}, Region{199, 149, 1, 1}, Region{5, 70, 190, 20}}) {
      const auto part = codec.Decompress(container, "test", r);
      ASSERT_TRUE(part.ok()) << part.status().message();
      EXPECT_EQ(part.value().pixels, Crop(whole, r).pixels);
    }
    EXPECT_EQ(codec.Decompress(container, "test", {150, 0, 60, 10}).status().code(), StatusCode::kUsage);
  }
}

TEST(ResidualLayer, BytesAreTheSameForEveryNumberOfThreads) {
  Codec codec(TinyModel());
  codec.SetTileSize(64);
  const Image image = SyntheticImage(200, 150, 3);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = codec.CompressExactly(image, 1, 30).value();
  omp_set_num_threads(4);
  const auto four = codec.CompressExactly(image, 1, 30).value();
  omp_set_num_threads(threads);
  EXPECT_EQ(one, four);
}

TEST(ResidualLayer, FilesWithoutABaseNeedNoModelOfTheirOwn) {
  Codec codec(TinyModel());
  const Container container = Parsed(codec.CompressExactly(SyntheticImage(20, 20, 3), 0).value());
  EXPECT_EQ(container.header.model, ModelId{});
  EXPECT_EQ(container.header.version(), 2);
  EXPECT_FALSE(container.header.base);
  EXPECT_EQ(container.tiles[0].streams.size(), 1u);
}

TEST(ResidualLayer, DamagedStreamsAreRefused) {
  Codec codec(TinyModel());
  codec.SetTileSize(64);
  const Image image = SyntheticImage(100, 80, 3);
  std::mt19937 random(4);
  for (const std::optional<int> base : {std::optional<int>(), std::optional<int>(30)}) {
    const Container good = Parsed(codec.CompressExactly(image, 0, base).value());
    int refused = 0;
    for (int i = 0; i < 30; ++i) {
      Container bad = good;
      auto& stream = bad.tiles[random() % bad.tiles.size()].streams.back();
      if (i % 2 == 0) {
        stream[random() % stream.size()] ^= static_cast<uint8_t>(1 + random() % 255);
      } else {
        stream.resize(random() % stream.size());
      }
      const auto restored = codec.Decompress(bad, "test");
      // A changed byte among samples that are stored as plain numbers, and a cut stream whose coder ends in its first
      // state by chance, are for the container's checksum to see.
      if (restored.ok()) continue;
      EXPECT_EQ(restored.status().code(), StatusCode::kCorrupt);
      refused += i % 2;
    }
    EXPECT_GE(refused, 13);  // of 15 that were cut
  }
}

TEST(ResidualLayer, ImpossibleErrorsAreRefused) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(20, 20, 3);
  EXPECT_EQ(codec.CompressExactly(image, -1).status().code(), StatusCode::kUsage);
  EXPECT_EQ(codec.CompressExactly(image, 32768).status().code(), StatusCode::kUsage);
  EXPECT_EQ(codec.CompressExactly(image, 1, 10000).status().code(), StatusCode::kUsage);
}

}  // namespace
}  // namespace aecomp
