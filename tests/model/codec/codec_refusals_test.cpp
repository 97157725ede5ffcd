// What the codec refuses: images that it cannot code, files of other models, damaged and impossible files.
#include <gtest/gtest.h>

#include <random>

#include "model/codec/codec.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

TEST(Codec, RefusesWhatItCannotCode) {
  Codec codec(TinyModel());
  EXPECT_EQ(codec.Compress(Image(), 3).status().code(), StatusCode::kInput);
  EXPECT_EQ(codec.Compress(Image(4, 4, 4), 3).status().code(), StatusCode::kInput);
  EXPECT_EQ(codec.Compress(Image(4, 4, 2), 3).status().code(), StatusCode::kInput);
  EXPECT_EQ(codec.Compress(Image(4, 4, 3), 49).status().code(), StatusCode::kUsage);
  EXPECT_EQ(codec.Compress(Image(4, 4, 3), -1).status().code(), StatusCode::kUsage);
}

TEST(Codec, RefusesAnotherModelsFile) {
  Codec first(TinyModel(1)), second(TinyModel(2));
  const Container container = ParseContainer(first.Compress(SyntheticImage(20, 20, 3), 8).value(), "x.aec").value();
  const Status status = second.Decompress(container, "x.aec").status();
  EXPECT_EQ(status.code(), StatusCode::kModel);
  EXPECT_TRUE(status.message().starts_with("x.aec: ")) << status.message();
}

TEST(Codec, CorruptStreamsAreReportedNotBelieved) {
  Codec codec(TinyModel());
  const Container good = ParseContainer(codec.Compress(SyntheticImage(130, 80, 3), 40).value(), "x").value();
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    Container bad = good;
    auto& streams = bad.tiles[random() % bad.tiles.size()].streams;
    std::vector<uint8_t>& bytes = streams[static_cast<size_t>(i) % streams.size()];
    ASSERT_FALSE(bytes.empty());
    if (i % 3 == 0) bytes.resize(random() % bytes.size());
    if (i % 3 == 1) bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1 + random() % 255);
    if (i % 3 == 2) bytes.push_back(static_cast<uint8_t>(random()));
    const auto image = codec.Decompress(bad, "x");
    if (!image.ok()) {
      EXPECT_EQ(image.status().code(), StatusCode::kCorrupt) << image.status().message();
      ++refused;
    }
  }
  EXPECT_GE(refused, 55);  // a changed byte may happen to be another valid stream; checksums are the container's
}

TEST(Codec, ImpossibleContainersAreRefused) {
  Codec codec(TinyModel());
  const Container good = ParseContainer(codec.Compress(SyntheticImage(130, 80, 3), 40).value(), "x").value();
  const auto code_after = [&](const auto& change) {
    Container bad = good;
    change(bad);
    return codec.Decompress(bad, "x").status().code();
  };
  EXPECT_EQ(code_after([](Container&) {}), StatusCode::kOk);
  EXPECT_EQ(code_after([](Container& c) { c.tiles.clear(); }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.tiles[0].streams.resize(1); }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.tiles[0].streams.clear(); }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.tiles[0].streams.emplace_back(); }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.tiles.push_back(c.tiles[0]); }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.quality = 49; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.bits = 16; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.channels = 4; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.tile_size = 96; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.tile_size = 0; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.width = 5000; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.header.width = 0; }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.extra.push_back({{'N', 'e', 'w', 's'}, {1}}); }), StatusCode::kCorrupt);
  EXPECT_EQ(code_after([](Container& c) { c.extra.push_back({{'n', 'o', 't', 'e'}, {1}}); }), StatusCode::kOk);
}

}  // namespace
}  // namespace aecomp
