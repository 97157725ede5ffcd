#include "io/container.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "io/hash.h"

namespace aecomp {
namespace {

Container Small() {
  Container c;
  c.header = {.width = 64, .height = 64, .channels = 3, .bits = 8, .quality = 16};
  c.header.model = {1, 2, 3, 4, 5, 6, 7, 0xf8};
  c.header.tile_size = 1024;
  c.tiles = {{{{10, 11, 12}, {20, 21, 22, 23}, {}}}};
  return c;
}

/// 3 x 2 tiles, one chunk.
Container Large() {
  Container c = Small();
  c.header.width = 300, c.header.height = 200, c.header.channels = 1, c.header.bits = 16, c.header.tile_size = 128;
  c.tiles.clear();
  for (uint8_t t = 0; t < 6; ++t) {
    c.tiles.push_back({{std::vector<uint8_t>(t, t), std::vector<uint8_t>(150u + t, 7)}});
  }
  c.extra = {{{'i', 'C', 'C', 'P'}, {1, 2, 3}}, {{'T', 'e', 's', 't'}, {}}};
  return c;
}

void ExpectEqual(const Container& a, const Container& b) {
  EXPECT_EQ(a.header.width, b.header.width);
  EXPECT_EQ(a.header.height, b.header.height);
  EXPECT_EQ(a.header.channels, b.header.channels);
  EXPECT_EQ(a.header.bits, b.header.bits);
  EXPECT_EQ(a.header.quality, b.header.quality);
  EXPECT_EQ(a.header.model, b.header.model);
  EXPECT_EQ(a.header.tile_size, b.header.tile_size);
  ASSERT_EQ(a.tiles.size(), b.tiles.size());
  for (size_t t = 0; t < a.tiles.size(); ++t) EXPECT_EQ(a.tiles[t].streams, b.tiles[t].streams);
  ASSERT_EQ(a.extra.size(), b.extra.size());
  for (size_t i = 0; i < a.extra.size(); ++i) {
    EXPECT_EQ(a.extra[i].type, b.extra[i].type);
    EXPECT_EQ(a.extra[i].payload, b.extra[i].payload);
  }
}

StatusCode Code(std::span<const uint8_t> bytes) { return ParseContainer(bytes, "x.aec").status().code(); }

/// `bytes` with a header checksum that fits again.
std::vector<uint8_t> Resealed(std::vector<uint8_t> bytes, size_t header_bytes) {
  const uint32_t sum = Checksum32(std::span(bytes).first(header_bytes));
  for (size_t i = 0; i < 4; ++i) bytes[header_bytes + i] = static_cast<uint8_t>(sum >> (8 * i));
  return bytes;
}
constexpr size_t kSmallHeader = 20;  // without its checksum

TEST(Container, ComesBack) {
  for (const Container& container : {Small(), Large()}) {
    const auto bytes = SerializeContainer(container);
    const auto parsed = ParseContainer(bytes, "x.aec");
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    ExpectEqual(parsed.value(), container);
    const auto header = ParseHeader(bytes, "x.aec");
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header.value().width, container.header.width);
  }
}

TEST(Container, IsFrugal) {
  const Container c = Small();
  EXPECT_LE(SerializeContainer(c).size() - 7, 32u);  // 7 bytes of payload
}

// The bytes that io/FORMAT.md promises.
TEST(Container, WritesTheDocumentedBytes) {
  const std::vector<uint8_t> expected = {0x89, 'A', 'E', 'C', '\r', '\n', 1, 64, 64,   0x1a,
                                         16,   1,   2,   3,   4,    5,    6, 7,  0xf8, 3};
  const auto bytes = SerializeContainer(Small());
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin(), bytes.begin() + kSmallHeader), expected);
  EXPECT_EQ(bytes[24], 3);
  EXPECT_EQ(bytes[25], 4);
  EXPECT_EQ(bytes[26], 0);
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin() + 31, bytes.end()), (std::vector<uint8_t>{10, 11, 12, 20, 21, 22, 23}));
}

TEST(Container, RefusesEveryTruncation) {
  for (const Container& container : {Small(), Large()}) {
    const auto bytes = SerializeContainer(container);
    for (size_t n = 0; n < bytes.size(); ++n) {
      const Status status = ParseContainer(std::span(bytes).first(n), "x.aec").status();
      ASSERT_EQ(status.code(), StatusCode::kCorrupt) << n;
      EXPECT_TRUE(n == 0 || status.message().find("truncated") != std::string::npos) << n << ": " << status.message();
    }
  }
}

TEST(Container, RefusesEveryBitFlip) {
  for (const Container& container : {Small(), Large()}) {
    const auto bytes = SerializeContainer(container);
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      auto flipped = bytes;
      flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      ASSERT_EQ(Code(flipped), StatusCode::kCorrupt) << bit;
    }
  }
}

TEST(Container, RefusesTail) {
  for (const Container& container : {Small(), Large()}) {
    auto bytes = SerializeContainer(container);
    bytes.push_back(0);
    EXPECT_EQ(Code(bytes), StatusCode::kCorrupt);
  }
}

TEST(Container, RefusesTilesOfOtherPlacesAndFiles) {
  Container c = Large();
  const auto bytes = SerializeContainer(c);
  std::swap(c.tiles[1], c.tiles[2]);
  const auto swapped = SerializeContainer(c);
  auto mixed = bytes;  // header and index of one, payload of the other
  std::copy(swapped.end() - 900, swapped.end(), mixed.end() - 900);
  EXPECT_EQ(Code(mixed), StatusCode::kCorrupt);
  Container other = Small();
  other.header.quality = 17;
  auto grafted = SerializeContainer(Small());
  const auto foreign = SerializeContainer(other);
  std::copy(foreign.begin() + kSmallHeader + 4, foreign.end(), grafted.begin() + kSmallHeader + 4);
  EXPECT_EQ(Code(grafted), StatusCode::kCorrupt);
}

// A header with a right checksum may still be hostile.
TEST(Container, RefusesHostileHeaders) {
  const auto bytes = SerializeContainer(Small());
  ASSERT_EQ(Code(Resealed(bytes, kSmallHeader)), StatusCode::kOk);
  const auto with = [&](size_t at, uint8_t value) {
    auto changed = bytes;
    changed[at] = value;
    return Code(Resealed(changed, kSmallHeader));
  };
  EXPECT_EQ(with(6, 2), StatusCode::kCorrupt) << "version";
  EXPECT_EQ(with(7, 0), StatusCode::kCorrupt) << "width";
  EXPECT_EQ(with(8, 0), StatusCode::kCorrupt) << "height";
  EXPECT_EQ(with(9, 0x9a), StatusCode::kCorrupt) << "reserved flag";
  EXPECT_EQ(with(9, 0x10), StatusCode::kCorrupt) << "tile of one pixel";
  EXPECT_EQ(with(9, 0x1f), StatusCode::kCorrupt) << "tile of 32768 pixels";
  EXPECT_EQ(with(19, 255), StatusCode::kCorrupt) << "streams";
}

TEST(Container, RefusesSizesThatTheFileCannotHold) {
  // 2^20 x 2^10 pixels in tiles of 64: 2^18 tiles, which would have an index of 2 MB.
  std::vector<uint8_t> bytes = {0x89, 'A', 'E', 'C', '\r', '\n', 1, 0x80, 0x80, 0x40, 0x80, 0x08, 0x16, 16};
  bytes.insert(bytes.end(), {1, 2, 3, 4, 5, 6, 7, 8, 3});
  const size_t header = bytes.size();
  bytes.resize(header + 100);
  EXPECT_EQ(Code(Resealed(bytes, header)), StatusCode::kCorrupt);
  EXPECT_TRUE(ParseHeader(Resealed(bytes, header), "x").ok());
  bytes[10] = 0x80, bytes[11] = 0x10;  // 2^20 x 2^11
  EXPECT_FALSE(ParseHeader(Resealed(bytes, header), "x").ok());
}

// Where the tools of Small() begin in a file of version 2.
constexpr size_t kTools = 11;

Container WithMap() {
  Container c = Small();
  c.header.map_strength = 23, c.header.map_reference = 0;
  return c;
}

TEST(Container, AMapOfQualitiesIsSaidInVersionTwo) {
  EXPECT_EQ(SerializeContainer(Small())[6], 1) << "what version 1 can say is said in version 1";
  const auto bytes = SerializeContainer(WithMap());
  EXPECT_EQ(bytes[6], 2);
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin() + kTools, bytes.begin() + kTools + 3),
            (std::vector<uint8_t>{kToolQualityMap, 23, 0}));
  EXPECT_EQ(bytes.size(), SerializeContainer(Small()).size() + 3);
  const auto parsed = ParseContainer(bytes, "x");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  ExpectEqual(parsed.value(), WithMap());
  EXPECT_EQ(parsed.value().header.version(), 2);
  EXPECT_EQ(parsed.value().header.map_strength, 23);
  EXPECT_EQ(parsed.value().header.map_reference, 0);
  EXPECT_EQ(ParseHeader(bytes, "x").value().map_strength, 23);
}

TEST(Container, PredictionInPlanesIsABit) {
  for (Container c : {Small(), WithMap()}) {
    c.header.planar = true;
    const auto parsed = ParseContainer(SerializeContainer(c), "x");
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    ExpectEqual(parsed.value(), c);
    EXPECT_EQ(parsed.value().header.version(), 2);
    EXPECT_EQ(parsed.value().header.tools(), c.header.tools());
    EXPECT_EQ(parsed.value().header.map_strength, c.header.map_strength);
    EXPECT_EQ(parsed.value().header.model, c.header.model);
  }
}

TEST(Container, RefusesToolsThatItDoesNotKnow) {
  const auto bytes = SerializeContainer(WithMap());
  const auto code_with = [&](size_t at, uint8_t value) {
    auto changed = bytes;
    changed[at] = value;
    return ParseHeader(Resealed(changed, kSmallHeader + 3), "x").status().code();
  };
  EXPECT_EQ(code_with(kTools, kToolQualityMap), StatusCode::kOk);
  EXPECT_EQ(code_with(kTools + 1, 24), StatusCode::kOk);
  EXPECT_EQ(code_with(kTools, 0), StatusCode::kCorrupt);
  EXPECT_EQ(code_with(kTools + 1, 0), StatusCode::kCorrupt) << "a map without strength";
  EXPECT_EQ(code_with(kTools, kToolQualityMap | kToolZContext), StatusCode::kOk);
  for (const int bit : {1, 2, 4, 6, 7}) {
    EXPECT_EQ(code_with(kTools, static_cast<uint8_t>(kToolQualityMap | 1 << bit)), StatusCode::kCorrupt);
    EXPECT_EQ(code_with(kTools, static_cast<uint8_t>(1 << bit)), StatusCode::kCorrupt);
  }
  for (size_t n = 0; n < bytes.size(); ++n) EXPECT_EQ(Code(std::span(bytes).first(n)), StatusCode::kCorrupt);
  for (size_t i = 6; i < kSmallHeader + 3 + 4; ++i) {
    auto changed = bytes;
    changed[i] ^= 1;
    EXPECT_EQ(Code(changed), StatusCode::kCorrupt) << i;
  }
}

TEST(Container, ToolsMakeItVersionTwo) {
  EXPECT_EQ(SerializeContainer(Small())[6], 1) << "what version 1 can say is said in version 1";
  Container c = Small();
  for (TileStreams& tile : c.tiles) tile.streams.back() = {1};
  const size_t plain = SerializeContainer(c).size();
  c.header.residual = true, c.header.most_error = 300;
  const auto bytes = SerializeContainer(c);
  EXPECT_EQ(bytes[6], 2);
  ASSERT_EQ(bytes.size(), plain + 3);
  Container empty = c;
  empty.tiles.back().streams.back().clear();
  EXPECT_NE(
      ParseContainer(SerializeContainer(empty), "x").status().message().find("empty stream of the residual layer"),
      std::string::npos);
  const auto parsed = ParseContainer(bytes, "x");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed.value().header.tools(), kToolResidual);
  EXPECT_EQ(parsed.value().header.most_error, 300u);
  EXPECT_EQ(parsed.value().header.quality, c.header.quality);
  EXPECT_TRUE(parsed.value().header.base);

  const auto at = static_cast<size_t>(std::find(bytes.begin() + 7, bytes.end(), kToolResidual) - bytes.begin());
  const auto with = [&](uint8_t tools) {
    auto changed = bytes;
    changed[at] = tools;
    return ParseHeader(Resealed(changed, kSmallHeader + 3), "x").status();
  };
  EXPECT_TRUE(with(kToolResidual).ok());
  EXPECT_FALSE(with(0).ok()) << "version 2 without a tool";
  EXPECT_FALSE(with(kToolNoBase).ok()) << "neither a network part nor a residual layer";
  EXPECT_FALSE(with(kToolResidual | kToolNoBase).ok()) << "streams of a network that is not there";
  EXPECT_NE(with(kToolResidual | 128).message().find("update aecomp"), std::string::npos);
}

TEST(Container, SurvivesRandomBytesBehindARightHeader) {
  const auto bytes = SerializeContainer(Large());
  std::mt19937 random(1);
  for (int trial = 0; trial < 20000; ++trial) {
    auto hostile = bytes;
    for (int i = 0; i < 4; ++i) hostile[26 + random() % 60] = static_cast<uint8_t>(random() % 3 == 0 ? 0xff : random());
    if (hostile == bytes) continue;
    ASSERT_EQ(Code(hostile), StatusCode::kCorrupt);
  }
}

TEST(Container, SaysWhatIsWrong) {
  const auto message = [](std::vector<uint8_t> bytes) { return ParseContainer(bytes, "x.aec").status().message(); };
  const auto good = SerializeContainer(Small());
  auto text_mode = good;
  text_mode.erase(text_mode.begin() + 4);
  EXPECT_NE(message(text_mode).find("transferred as text"), std::string::npos) << message(text_mode);
  auto newer = good;
  newer[6] = 9;
  EXPECT_NE(message(newer).find("version 9"), std::string::npos) << message(newer);
  EXPECT_NE(message({'h', 'e', 'l', 'l', 'o', '!', '!'}).find("not an .aec"), std::string::npos);
  auto damaged = good;
  damaged.back() ^= 1;
  EXPECT_NE(message(damaged).find("checksum of tile 0"), std::string::npos) << message(damaged);
}

TEST(Container, RefusesASecondChunkOfADefinedType) {
  for (const auto& type : std::vector<std::array<char, 4>>{{'R', 'a', 'n', 'g'},
                                                           {'O', 'u', 't', 'l'},
                                                           {'a', 'l', 'p', 'h'},
                                                           {'i', 'c', 'c', 'p'},
                                                           {'e', 'x', 'i', 'f'},
                                                           {'x', 'm', 'p', 'd'},
                                                           {'t', 'e', 'x', 't'},
                                                           {'p', 'n', 'g', 'c'},
                                                           {'r', 'e', 's', 'o'}}) {
    Container c = Small();
    c.extra = {{type, {1}}};
    EXPECT_TRUE(ParseContainer(SerializeContainer(c), "x").ok());
    c.extra.push_back({type, {1}});
    EXPECT_EQ(Code(SerializeContainer(c)), StatusCode::kCorrupt);
  }
  Container unknown = Small();
  unknown.extra = {{{'n', 'o', 't', 'e'}, {1}}, {{'n', 'o', 't', 'e'}, {1}}};
  EXPECT_TRUE(ParseContainer(SerializeContainer(unknown), "x").ok());
}

TEST(Container, NamesModelsInHex) { EXPECT_EQ(ToHex(Small().header.model), "01020304050607f8"); }

}  // namespace
}  // namespace aecomp
