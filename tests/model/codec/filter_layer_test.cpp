#include "model/codec/filter_layer.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "io/metrics.h"
#include "model/codec/codec.h"
#include "tests/model/codec/golden_pixels.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

Container Parsed(const std::vector<uint8_t>& bytes) {
  auto container = ParseContainer(bytes, "test");
  EXPECT_TRUE(container.ok()) << container.status().message();
  return std::move(container).value();
}

bool HasFilter(const Container& container) {
  const auto filter = ReadFilterChunk(container);
  EXPECT_TRUE(filter.ok());
  return filter.value().has_value();
}

Container Compressed(Codec& codec, const Image& image, int quality) {
  const auto bytes = codec.Compress(image, quality);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return Parsed(bytes.value());
}

Image Restored(Codec& codec, const Container& container) {
  auto image = codec.Decompress(container, "test");
  EXPECT_TRUE(image.ok()) << image.status().message();
  return std::move(image).value();
}

struct Kind {
  int width, height, channels, bits;
};
const Kind kKinds[] = {{300, 210, 3, 8}, {300, 210, 1, 8}, {131, 70, 3, 16},
                       {70, 131, 1, 16}, {1, 1, 3, 8},     {5, 3, 1, 8}};

Image KindOfImage(const Kind& kind) {
  Image narrow = SyntheticImage(kind.width, kind.height, kind.channels);
  return kind.bits == 8 ? std::move(narrow) : Deepened(narrow);
}

TEST(CodecFilter, GainsByItsOwnMeasureOrIsNotThere) {
  Codec codec(TinyModel());
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(std::to_string(kind.width) + "x" + std::to_string(kind.channels) + "x" + std::to_string(kind.bits));
    const Image image = KindOfImage(kind);
    codec.SetFilter(false);
    const Container plain = Compressed(codec, image, 30);
    codec.SetFilter(true);
    const Container with = Compressed(codec, image, 30);
    EXPECT_FALSE(HasFilter(plain));
    if (!HasFilter(with)) {
      EXPECT_EQ(SerializeContainer(with), SerializeContainer(plain));
      EXPECT_LT(kind.width, 70);
      continue;
    }
    EXPECT_GE(kind.width, 70);
    Container without = with;
    std::erase_if(without.extra, [](const ExtraChunk& chunk) { return chunk.type == kFilterType; });
    EXPECT_EQ(SerializeContainer(without), SerializeContainer(plain));
    EXPECT_GT(Psnr(image, Restored(codec, with)), Psnr(image, Restored(codec, plain)));
  }
}

TEST(CodecFilter, RegionsArePartsOfTheWhole) {
  Codec codec(TinyModel());
  codec.SetFilter(true), codec.SetTileSize(64);
  for (const Kind& kind : kKinds) {
    const Container container = Compressed(codec, KindOfImage(kind), 30);
    const Image whole = Restored(codec, container);
    for (const Region& region : {Region{0, 0, 1, 1}, {63, 61, 2, 9}, {64, 0, 6, 64}, {17, 3, 50, 66}}) {
      if (!region.LiesWithin(kind.width, kind.height)) continue;
      const auto part = codec.Decompress(container, "test", region);
      ASSERT_TRUE(part.ok()) << part.status().message();
      EXPECT_EQ(part.value().pixels, Crop(whole, region).pixels) << region.x << "," << region.y;
    }
    const Region most{0, 0, kind.width, kind.height};
    int64_t rows = 0;
    const Status done = codec.DecompressBands(container, "test", most, [&](const Image& band, int64_t row) -> Status {
      EXPECT_EQ(row, rows);
      EXPECT_EQ(band.pixels, Crop(whole, {0, row, kind.width, band.height}).pixels) << row;
      rows += band.height;
      return {};
    });
    EXPECT_TRUE(done.ok()) << done.message();
    EXPECT_EQ(rows, kind.height);
  }
}

TEST(CodecFilter, DoesNotDependOnThreads) {
  Codec codec(TinyModel());
  codec.SetFilter(true);
  const int threads = omp_get_max_threads();
  const Image image = SyntheticImage(300, 210, 3);
  const auto bytes = codec.Compress(image, 30);
  const Image whole = Restored(codec, Parsed(bytes.value()));
  for (const int count : {1, 2, 3, 7}) {
    omp_set_num_threads(count);
    EXPECT_EQ(codec.Compress(image, 30).value(), bytes.value());
    EXPECT_EQ(Restored(codec, Parsed(bytes.value())).pixels, whole.pixels);
  }
  omp_set_num_threads(threads);
}

TEST(CodecFilter, UnsoundOnesAreRefused) {
  Codec codec(TinyModel());
  codec.SetFilter(true);
  const Container sound = Compressed(codec, SyntheticImage(100, 70, 3), 30);
  ASSERT_TRUE(HasFilter(sound));
  const auto code = [&](const Container& container) { return codec.Decompress(container, "test").status().code(); };
  Container damaged = sound;
  damaged.extra.back().payload.pop_back();
  EXPECT_EQ(code(damaged), StatusCode::kCorrupt);
  damaged = sound;
  damaged.extra.back().payload.assign(40, 0);
  EXPECT_EQ(code(damaged), StatusCode::kCorrupt);
  damaged = sound;
  damaged.extra.push_back(sound.extra.back());
  EXPECT_EQ(ParseContainer(SerializeContainer(damaged), "test").status().code(), StatusCode::kCorrupt);
}

TEST(CodecFilter, FilesWithResidualLayersHaveNone) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(100, 70, 3);
  codec.SetFilter(false);
  const auto plain = codec.CompressExactly(image, 7, 20);
  codec.SetFilter(true);
  const auto exact = codec.CompressExactly(image, 7, 20);
  EXPECT_EQ(exact.value(), plain.value());
  Container both = Parsed(exact.value());
  both.extra.push_back(Compressed(codec, image, 30).extra.back());
  ASSERT_EQ(both.extra.back().type, kFilterType);
  EXPECT_EQ(codec.Decompress(both, "test").status().code(), StatusCode::kCorrupt);
}

}  // namespace
}  // namespace aecomp
