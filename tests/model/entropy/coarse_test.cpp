#include "model/entropy/coarse.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "model/codec/codec.h"
#include "model/codec/tile_coder.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

std::shared_ptr<Model> CoarseTiny(uint32_t seed = 5) {
  auto model = TinyModel();
  model->prior.SetCoarse(RandomCoarse(seed));
  return model;
}

TEST(Coarse, StagesVisitEveryElementOnceTheSecondHalfLast) {
  CoarsePlanes planes;
  for (const auto& size : {std::pair{1, 1}, {2, 3}, {16, 16}, {17, 40}, {33, 5}}) {
    const int h = size.first, w = size.second;
    planes.Reset({4, 7}, h, w);
    for (size_t k = 0; k < 2; ++k) {
      std::vector<int> seen(static_cast<size_t>(h * w), -1);
      for (int stage = 0; stage < CoarseModel::kStages; ++stage) {
        planes.ForEach(k, stage, [&](int i, int j) {
          int& at = seen[static_cast<size_t>(i * w + j)];
          EXPECT_EQ(at, -1) << "twice: " << i << ", " << j;
          at = stage;
        });
      }
      for (int i = 0; i < h; ++i) {
        for (int j = 0; j < w; ++j) {
          const int stage = seen[static_cast<size_t>(i * w + j)];
          EXPECT_GE(stage, 0) << "never: " << i << ", " << j;
          const bool second = (i + j + planes.channel(k)) % 2 == 0;
          EXPECT_EQ(stage == CoarseModel::kStages - 1, second) << i << ", " << j;
        }
      }
    }
  }
}

/// What was restored so far, and nothing that comes later, predicts an element.
TEST(Coarse, PredictionsUseEarlierStagesOnly) {
  const CoarseModel model = RandomCoarse(3);
  constexpr int kH = 21, kW = 34;
  CoarsePlanes planes;
  planes.Reset(model.channels, kH, kW);
  std::mt19937 random(1);
  for (float& v : planes.mean) v = static_cast<float>(random() % 100);
  for (size_t k = 0; k < planes.channels(); ++k) {
    std::fill(planes.value.begin(), planes.value.end(), std::numeric_limits<float>::quiet_NaN());
    for (int stage = 0; stage < CoarseModel::kStages; ++stage) {
      planes.ForEach(k, stage, [&](int i, int j) {
        EXPECT_TRUE(std::isfinite(planes.Predict(model, k, stage, i, j).mean)) << stage << ": " << i << ", " << j;
      });
      planes.ForEach(k, stage, [&](int i, int j) { planes.value[planes.At(k, i, j)] = 3.f; });
    }
  }
}

TEST(Coarse, WeightsOfPlanesFollowThem) {
  CoarseModel model = RandomCoarse(3);
  for (size_t i = 0; i < model.weights.size(); ++i) model.weights[i] = i % 4 == 0 ? 1.f : 0.f;
  CoarsePlanes planes;
  planes.Reset(model.channels, 32, 32);
  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) planes.value[planes.At(0, i, j)] = static_cast<float>(3 * i - j);
  }
  planes.ForEach(0, 6, [&](int i, int j) {
    const CoarsePlanes::Prediction p = planes.Predict(model, 0, 6, i, j);
    if (i < 2 || i >= 30 || j < 2 || j >= 30) {
      EXPECT_EQ(p.activity, CoarseModel::kActivities - 1);
    } else {
      EXPECT_EQ(p.mean, static_cast<float>(3 * i - j));
      EXPECT_EQ(p.activity, 5);  // 12 between the rows above and below
    }
  });
}

TEST(Coarse, ActivityIsMeasuredInTheOwnStep) {
  const CoarseModel model = RandomCoarse(3);
  CoarsePlanes planes;
  planes.Reset(model.channels, 32, 32);
  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) planes.value[planes.At(0, i, j)] = static_cast<float>(i);
  }
  planes.ForEach(0, 6, [&](int i, int j) {  // a range of 4
    if (i < 2 || i >= 30 || j < 2 || j >= 30) return;
    EXPECT_EQ(planes.Predict(model, 0, 6, i, j).activity, 3);
    EXPECT_EQ(planes.Predict(model, 0, 6, i, j, 2.f).activity, 5);
    EXPECT_EQ(planes.Predict(model, 0, 6, i, j, 0.125f).activity, 0);
    EXPECT_EQ(planes.Predict(model, 0, 6, i, j, 2.f).mean, planes.Predict(model, 0, 6, i, j).mean);
  });
}

TEST(Coarse, NeighboursInAPlaneAreInterpolated) {
  const CoarseModel model = RandomCoarse(3);
  CoarsePlanes planes;
  planes.Reset(model.channels, 32, 32);
  std::mt19937 random(4);
  for (float& v : planes.mean) v = static_cast<float>(random() % 100);
  int all = 0, others = 0;
  for (const int stage : {5, 6, 7, 8}) {
    for (const float bend : {0.f, 0.01f}) {  // of a saddle, which is no plane
      for (int i = 0; i < 32; ++i) {
        for (int j = 0; j < 32; ++j) {
          const auto y = static_cast<float>(i - 16), x = static_cast<float>(j - 16),
                     saddle = stage % 2 == 1 ? y * x : y * y - x * x;
          planes.value[planes.At(0, i, j)] = 3 * y - x + bend * saddle;
        }
      }
      // The sums of opposite neighbours differ by 4 * bend * side^2.
      const int side = stage < 7 ? 2 : 1;
      const auto twist = 4 * bend * static_cast<float>(side * side);
      planes.ForEach(0, stage, [&](int i, int j) {
        if (i < 2 || i >= 30 || j < 2 || j >= 30) return;
        const float by_model = planes.Predict(model, 0, stage, i, j).mean;
        const float average = planes.value[planes.At(0, i, j)];
        ++all, others += std::fabs(by_model - average) > 0.01f;
        const auto with_ratio = [&](float ratio) { return planes.Predict(model, 0, stage, i, j, ratio, true).mean; };
        EXPECT_NEAR(with_ratio(1), average, 1e-3f);
        EXPECT_NEAR(with_ratio(twist == 0 ? 1e6f : 0.9f / twist), average, 1e-3f);
        if (twist != 0) {
          EXPECT_EQ(with_ratio(1.1f / twist), by_model);
        }
      });
    }
  }
  EXPECT_GT(others, all * 9 / 10) << "the model's weights are others";
}

/// quality_map: with one, steps differ by place.
void ExpectRestored(bool quality_map, bool planar) {
  const auto model = CoarseTiny();
  const int m = model->architecture.latent_channels;
  const Tile tile{0, 0, 19, 33, 20, 36};
  const QualityMap map{static_cast<uint8_t>(quality_map ? 250 : 0), 30};
  TileQuality q = TileQualityAt(*model, 30, 1, false, map);
  q.planar = planar;
  auto encoder = TileCoder::Create(*model, tile).value(), decoder = TileCoder::Create(*model, tile).value();
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> y(static_cast<size_t>(tile.h * tile.w * m));
  for (float& v : y) v = 0.2f * normal(random);
  const TileSymbols symbols = encoder->Encode(q, tile, {y.data(), int64_t{tile.w} * m, m}).value();
  EXPECT_GT(symbols.coarse.size(), 1000u);
  ASSERT_EQ(symbols.coarse.size(), symbols.coarse_rows.size());
  EXPECT_EQ(std::count(symbols.coarse_rows.begin(), symbols.coarse_rows.end(), 0), 0);
  const std::vector<CodedSymbols> coded = {ListSymbols(model->prior, q.quality, tile, symbols)};
  const std::vector<TileStreams> streams = EncodeStreams(model->prior, coded).value();
  SymbolReader reader(model->prior, q.quality, streams[0]);
  LatentPlane y_hat(/*integer=*/false, m);
  y_hat.Resize(tile.h, tile.w);
  ASSERT_TRUE(decoder->Decode(q, tile, reader, y_hat).ok());
  int64_t near = 0, all = 0, not_zero = 0;
  for (int i = 0; i < tile.coded_h; ++i) {
    for (int j = 0; j < tile.coded_w; ++j) {
      for (const int c : model->prior.coarse().channels) {
        const auto k = static_cast<size_t>(c), e = static_cast<size_t>((i * tile.w + j) * m + c);
        EXPECT_EQ(symbols.rows[e], 0) << "coarse channels are not in the streams of y";
        const LatentScales own = q.LatentsAt(symbols.qualities, static_cast<size_t>(i * tile.w + j));
        near += std::fabs(y_hat.Floats(i, j)[c] / own.step[k] - y[e] * own.gain[k]) < 1.5f;
        ++all, not_zero += symbols.y[e] != 0;
      }
    }
  }
  EXPECT_GT(not_zero, 1000);
  EXPECT_GT(near, all * 9 / 10);
  EXPECT_EQ(symbols.qualities.empty(), !quality_map);
}
TEST(Coarse, DecoderRestoresWhatTheEncoderDid) { ExpectRestored(false, false); }
TEST(Coarse, DecoderRestoresWhatTheEncoderDidWithQualitiesByPlace) { ExpectRestored(true, false); }
TEST(Coarse, DecoderRestoresWhatTheEncoderDidInPlanes) { ExpectRestored(false, true); }
TEST(Coarse, DecoderRestoresWhatTheEncoderDidWithAllTools) { ExpectRestored(true, true); }

TEST(Coarse, FilesComeBackWithAnyThreadsAndRegions) {
  const Image image = SyntheticImage(1100, 200, 3), gray = SyntheticImage(70, 90, 1), pixel = SyntheticImage(1, 1, 3);
  for (const Image* picture : {&image, &gray, &pixel}) {
    std::vector<uint8_t> bytes;
    std::vector<uint8_t> pixels;
    for (const int threads : {1, 3}) {
      omp_set_num_threads(threads);
      Codec codec(CoarseTiny());
      codec.SetTuning(Tuning::kVisual);
      const auto coded = codec.Compress(*picture, 30);
      ASSERT_TRUE(coded.ok()) << coded.status().message();
      const Container container = ParseContainer(coded.value(), "test").value();
      const auto restored = codec.Decompress(container, "test");
      ASSERT_TRUE(restored.ok()) << restored.status().message();
      if (threads == 1)
        bytes = coded.value(), pixels.assign(restored.value().pixels.begin(), restored.value().pixels.end());
      EXPECT_EQ(coded.value(), bytes);
      EXPECT_TRUE(std::equal(pixels.begin(), pixels.end(), restored.value().pixels.begin()));
      if (picture != &image) continue;
      const Image part = codec.Decompress(container, "test", {1030, 20, 50, 60}).value();
      for (int row = 0; row < part.height; ++row) {
        EXPECT_TRUE(std::equal(part.Row(row), part.Row(row) + 150, restored.value().Row(20 + row) + 3 * 1030));
      }
    }
  }
  omp_set_num_threads(omp_get_num_procs());
}

TEST(Coarse, DamagedStreamsAreReported) {
  Codec codec(CoarseTiny());
  const Container whole = ParseContainer(codec.Compress(SyntheticImage(200, 150, 3), 30).value(), "test").value();
  const auto refused = [&](const std::function<void(std::vector<uint8_t>&)>& damage) {
    Container container = whole;
    damage(container.tiles[0].streams[1]);
    EXPECT_EQ(codec.Decompress(container, "test").status().code(), StatusCode::kCorrupt)
        << container.tiles[0].streams[1].size() << " bytes of " << whole.tiles[0].streams[1].size();
  };
  refused([](auto& bytes) { bytes.clear(); });
  refused([](auto& bytes) { bytes.pop_back(); });
  refused([](auto& bytes) { bytes.insert(bytes.end(), 2, 0); });
  refused([](auto& bytes) { bytes[0] ^= 16; });
  Container container = whole;
  container.tiles[0].streams.resize(2);
  EXPECT_EQ(codec.Decompress(container, "test").status().code(), StatusCode::kCorrupt);
}

Result<CoarseModel> SavedAndLoaded(const CoarseModel& model, int channels = 16, int tables = kYRows) {
  SafetensorsWriter writer;
  model.Save(writer);
  const std::vector<uint8_t> bytes = writer.Serialize();
  const auto file = SafetensorsFile::Parse(bytes, "test");
  return CoarseModel::Load(file.value(), channels, tables);
}

TEST(Coarse, ModelsComeBackAndMisfitsAreRefused) {
  const CoarseModel model = RandomCoarse(4);
  const auto loaded = SavedAndLoaded(model);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded.value().channels, model.channels);
  EXPECT_EQ(loaded.value().weights, model.weights);
  EXPECT_EQ(loaded.value().rows, model.rows);
  SafetensorsWriter writer;
  writer.AddFloats("another", {1}, std::vector<float>{1}, DType::kF32);
  const std::vector<uint8_t> none = writer.Serialize();
  EXPECT_TRUE(CoarseModel::Load(SafetensorsFile::Parse(none, "test").value(), 16, kYRows).value().empty());

  const auto refused = [](CoarseModel m, const std::function<void(CoarseModel&)>& change) {
    change(m);
    EXPECT_EQ(SavedAndLoaded(m).status().code(), StatusCode::kModel);
  };
  refused(model, [](CoarseModel& m) { m.channels[1] = m.channels[0]; });
  refused(model, [](CoarseModel& m) { m.channels[3] = 16; });
  refused(model, [](CoarseModel& m) { m.channels[0] = -1; });
  refused(model, [](CoarseModel& m) { m.rows[7] = kYRows; });
  EXPECT_EQ(SavedAndLoaded(model, 16, kYRows + 1).status().code(), StatusCode::kModel);
  refused(model, [](CoarseModel& m) { m.weights[7] = std::numeric_limits<float>::quiet_NaN(); });
}

}  // namespace
}  // namespace aecomp
