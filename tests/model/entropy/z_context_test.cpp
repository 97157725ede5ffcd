#include "model/entropy/z_context.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "model/codec/codec.h"
#include "model/codec/tile_coder.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

std::shared_ptr<Model> ContextTiny() {
  auto model = TinyModel();
  model->prior.SetZContext(RandomZContext(model->prior.z_tables(), 9));
  return model;
}

std::vector<int16_t> RandomZ(size_t size, double deviation) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0, deviation);
  std::vector<int16_t> z(size);
  for (int16_t& v : z) v = static_cast<int16_t>(std::clamp(std::lround(normal(random)), -127L, 127L));
  return z;
}

struct Visit {
  size_t channel;
  int index;
  bool negate;
  int value;
};

std::vector<Visit> Visits(ZContexts contexts, int h, int w, std::vector<int16_t> z) {
  std::vector<Visit> visits;
  const std::vector<int16_t> before = z;
  EXPECT_TRUE(contexts
                  .ForEach(h, w, z.data(),
                           [&](size_t channel, const ZContext& context, int16_t value) -> Status {
                             visits.push_back({channel, context.index, context.negate, value});
                             return {};
                           })
                  .ok());
  EXPECT_EQ(z, before);
  return visits;
}

TEST(ZContext, FollowsFromTheElementsBefore) {
  // Two channels of which 1 and 1/2 are expected; values of 3 x 2 positions.
  const std::vector<uint8_t> rows = {0, 1};
  const std::vector<int> expected = {256, 128};
  const std::vector<int16_t> z = {0, 0, /**/ 2, -5, /**/ -3, 0,  //
                                  1, 0, /**/ 0, 1,  /**/ 0,  0};
  const auto visits = Visits(ZContexts(rows, expected), 2, 3, z);
  ASSERT_EQ(visits.size(), z.size());
  const auto expect = [&](size_t n, int left, int up, int activity, bool negate) {
    EXPECT_EQ(visits[n].index, ((left + 2) * 5 + up + 2) * 7 + activity) << n;
    EXPECT_EQ(visits[n].negate, negate) << n;
    EXPECT_EQ(visits[n].channel, n % 2) << n;
    EXPECT_EQ(visits[n].value, negate ? -z[n] : z[n]) << n;
  };
  // Of the first position nothing is known: (0 + 8) / (0 + 8) is 100 percent.
  expect(0, 0, 0, 4, false);
  expect(1, 0, 0, 2, false);   // (0 + 8) / (4 * 1 + 8): 67 %
  expect(2, 0, 0, 3, false);   // left: (0 + 8) / (1.5 + 8): 84 %
  expect(3, 0, 0, 4, false);   // 2 in place of 1: (8 + 8) / (1.5 + 4 + 8): 119 %
  expect(4, 2, 0, 5, false);   // left: (7 + 8) / (1.5 + 8): 158 %
  expect(5, 2, 0, 6, true);    // left is -5, and 3 in place of 1: (7 + 12 + 8) / (1.5 + 4 + 8): 200 %
  expect(6, 0, 0, 3, false);   // above: 84 %
  expect(7, 0, 0, 3, false);   // (4 + 8) / (1.5 + 4 + 8): 89 %
  expect(8, 1, 2, 5, false);   // left and above: (1 + 7 + 8) / (3 + 8): 145 %
  expect(9, 0, 2, 4, true);    // above is -5: (8 + 0 + 8) / (3 + 4 + 8): 107 %
  expect(10, 0, 2, 4, true);   // above is -3: (1 + 3 + 8) / (3 + 8): 109 %
  expect(11, 1, 0, 3, false);  // (4 + 0 + 8) / (3 + 4 + 8): 80 %
}

TEST(ZContext, OppositeNeighboursAreOneContext) {
  const std::vector<uint8_t> rows = {0};
  const std::vector<int> expected = {256};
  const auto context_of = [&](int left, int up) {
    const std::vector<int16_t> z = {0, static_cast<int16_t>(up), static_cast<int16_t>(left), 1};
    return Visits(ZContexts(rows, expected), 2, 2, z).back();
  };
  for (int left = -3; left <= 3; ++left) {
    for (int up = -3; up <= 3; ++up) {
      const Visit one = context_of(left, up), other = context_of(-left, -up);
      EXPECT_EQ(one.index, other.index) << left << ", " << up;
      EXPECT_EQ(one.negate, (left != 0 || up != 0) && !other.negate) << left << ", " << up;
    }
  }
}

TEST(ZContext, StreamsGiveBackZ) {
  const auto model = ContextTiny();
  for (const double deviation : {0.4, 3.0, 60.0}) {
    const Tile tile{0, 0, 19, 33, 20, 36};
    const int ratio = model->prior.ratio();
    TileSymbols symbols;
    symbols.z =
        RandomZ(static_cast<size_t>(tile.h / ratio * (tile.w / ratio) * model->architecture.hyper_channels), deviation);
    symbols.rows.resize(static_cast<size_t>(tile.h * tile.w * model->architecture.latent_channels));
    symbols.y.resize(symbols.rows.size());
    const std::vector<CodedSymbols> coded = {ListSymbols(model->prior, 30, tile, symbols, true)};
    const std::vector<TileStreams> streams = EncodeStreams(model->prior, coded, true).value();
    SymbolReader reader(model->prior, 30, streams[0], true);
    std::vector<int16_t> z(symbols.z.size());
    ASSERT_TRUE(reader.ReadZ(tile, z).ok());
    EXPECT_EQ(z, symbols.z);
    // Cut short it is damaged, and never read beyond its end.
    TileStreams cut = streams[0];
    cut.streams[0].resize(cut.streams[0].size() / 2);
    SymbolReader short_reader(model->prior, 30, cut, true);
    EXPECT_FALSE(short_reader.ReadZ(tile, z).ok());
  }
}

TEST(ZContext, FilesNameTheTool) {
  const auto plain = TinyModel(), model = ContextTiny();
  const Image image = SyntheticImage(150, 90, 3);
  Codec codec(model), plain_codec(plain);
  const Container container = ParseContainer(codec.Compress(image, 30).value(), "a").value();
  EXPECT_EQ(container.header.tools() & kToolZContext, kToolZContext);
  const auto restored = codec.Decompress(container, "a");
  ASSERT_TRUE(restored.ok()) << restored.status().message();
  // Tables of z change bytes, and not what is restored.
  const Container before = ParseContainer(plain_codec.Compress(image, 30).value(), "b").value();
  EXPECT_EQ(before.header.tools() & kToolZContext, 0);
  EXPECT_EQ(plain_codec.Decompress(before, "b").value().pixels, restored.value().pixels);
  EXPECT_NE(before.tiles[0].streams[0], container.tiles[0].streams[0]);
  // A model with contexts reads files without.
  EXPECT_EQ(codec.Decompress(before, "b").value().pixels, restored.value().pixels);
  // One without refuses files with.
  const auto refused = plain_codec.Decompress(container, "a");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kCorrupt);
  EXPECT_NE(refused.status().message().find("z by context"), std::string::npos) << refused.status().message();
}

TEST(ZContext, ModelFilesKeepIt) {
  const auto model = ContextTiny();
  const auto bytes = SerializeModel(model->architecture, model->parameters, model->prior, model->means, "{}").value();
  const auto loaded = ParseModel(bytes, "a.aecm").value();
  const ZContextModel &a = model->prior.z_context(), &b = loaded->prior.z_context();
  ASSERT_EQ(a.tables().rows(), b.tables().rows());
  for (int row = 0; row < a.tables().rows(); ++row) {
    ASSERT_EQ(a.tables().bound(row), b.tables().bound(row));
    const int bound = a.tables().bound(row);
    for (int v = -bound; v <= bound + 1; ++v) EXPECT_EQ(a.tables().Frequency(row, v), b.tables().Frequency(row, v));
  }
  for (int row = 0; row < model->prior.z_tables().rows(); ++row) {
    for (int n = 0; n < ZContext::kAll; ++n) EXPECT_EQ(a.Table(row, {n, false}), b.Table(row, {n, false}));
  }
}

TEST(ZContext, TablesThatDoNotFitAreRefused) {
  const auto model = TinyModel();
  const CodingTables& z_tables = model->prior.z_tables();
  const size_t all = static_cast<size_t>(z_tables.rows()) * ZContext::kAll;
  const std::vector<FrequencyRow> tables = {{1, 65533, 1, 1}};
  EXPECT_TRUE(ZContextModel::Create(z_tables, std::vector<uint8_t>(all, 0), tables).ok());
  EXPECT_EQ(ZContextModel::Create(z_tables, std::vector<uint8_t>(all, 1), tables).status().code(), StatusCode::kModel);
  EXPECT_FALSE(ZContextModel::Create(z_tables, std::vector<uint8_t>(all - 1, 0), tables).ok());
  EXPECT_FALSE(ZContextModel::Create(z_tables, std::vector<uint8_t>(all, 0), {{1, 65534, 1, 1}}).ok());
}

TEST(ZContext, ExpectedMagnitudesAreMeansOfTheTables) {
  const CodingTables tables = CodingTables::Create({{16384, 32768, 16383, 1}, {1, 2, 65530, 1, 1, 1}}).value();
  EXPECT_EQ(ExpectedMagnitudes(tables), (std::vector<int>{128, 0}));
}

}  // namespace
}  // namespace aecomp
