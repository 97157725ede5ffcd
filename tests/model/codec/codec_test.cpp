#include "model/codec/codec.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <random>

#include "io/convert.h"
#include "model/codec/float_rate.h"
#include "model/codec/tile_coder.h"
#include "model/codec/tile_streams.h"
#include "model/codec/tiles.h"
#include "model/entropy/coding_check.h"
#include "model/entropy/integer_prior_state.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

Image RoundTrip(Codec& codec, const Image& image, int quality) {
  const auto bytes = codec.Compress(image, quality);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  const auto container = ParseContainer(bytes.value(), "test");
  EXPECT_TRUE(container.ok()) << container.status().message();
  auto restored = codec.Decompress(container.value(), "test");
  EXPECT_TRUE(restored.ok()) << restored.status().message();
  return std::move(restored).value();
}

TEST(Codec, RoundTripKeepsSizeAndChannels) {
  Codec codec(TinyModel());
  const struct {
    int width, height, channels;
  } sizes[] = {{1, 1, 3}, {7, 3, 3}, {64, 64, 3}, {100, 130, 3}, {1100, 70, 3}, {90, 50, 1}, {1, 200, 1}};
  for (const auto& s : sizes) {
    const Image restored = RoundTrip(codec, SyntheticImage(s.width, s.height, s.channels), 30);
    EXPECT_EQ(restored.width, s.width);
    EXPECT_EQ(restored.height, s.height);
    EXPECT_EQ(restored.channels, s.channels);
    EXPECT_EQ(restored.pixels.size(), static_cast<size_t>(s.width) * s.height * s.channels);
  }
}

/// What the decoder reconstructs must be what the encoder quantised: y^ within half a step of y, but where another
/// value is so much cheaper that a larger error pays.
TEST(Codec, DecoderSeesWhatTheEncoderQuantised) {
  const auto model = TinyModel();
  const int m = model->architecture.latent_channels;
  const Tile tile{0, 0, 7, 10, 8, 12};
  const TileQuality q = TileQualityAt(*model, 40);
  auto encoder = TileCoder::Create(*model, tile).value(), decoder = TileCoder::Create(*model, tile).value();
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> y(static_cast<size_t>(tile.h * tile.w * m));
  for (float& v : y) v = 0.2f * normal(random);
  const std::vector<float> untouched(static_cast<size_t>(m), -31.f);
  LatentPlane y_hat(/*integer=*/true, m);
  y_hat.Resize(tile.h, tile.w);
  for (int i = 0; i < tile.h; ++i) {
    for (int j = 0; j < tile.w; ++j) y_hat.Set(i, j, untouched.data());
  }
  const TileSymbols symbols = encoder->Encode(q, tile, {y.data(), int64_t{tile.w} * m, m}).value();
  const std::vector<CodedSymbols> coded_symbols = {ListSymbols(model->prior, q.quality, tile, symbols)};
  const std::vector<TileStreams> streams = EncodeStreams(model->prior, coded_symbols).value();
  SymbolReader reader(model->prior, q.quality, streams[0]);
  ASSERT_TRUE(decoder->Decode(q, tile, reader, y_hat).ok());
  int coded = 0, nearest = 0;
  for (int i = 0; i < tile.h; ++i) {
    for (int j = 0; j < tile.w; ++j) {
      for (int c = 0; c < m; ++c) {
        const size_t e = static_cast<size_t>((i * tile.w + j) * m + c), k = static_cast<size_t>(c);
        const int16_t latent = y_hat.Integers(i, j)[c];
        if (i >= tile.coded_h || j >= tile.coded_w) {
          EXPECT_EQ(symbols.y[e], 0);
          EXPECT_EQ(latent, -31 * 1024);
        } else if (symbols.rows[e] != 0) {
          const double restored = static_cast<double>(latent) * kLatentUnit / q.scales.step[k];
          const double error = std::fabs(restored - y[e] * q.scales.gain[k]);
          EXPECT_LT(error, 1.5);
          ++coded, nearest += error < 0.5 + kLatentUnit / q.scales.step[k];
        } else {
          EXPECT_EQ(symbols.y[e], 0);
        }
      }
    }
  }
  EXPECT_GT(coded, tile.coded_h * tile.coded_w * m / 2);
  EXPECT_GT(nearest, coded * 3 / 4);
}

TEST(Codec, TuningForPsnrMakesFilesOfVersionOne) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(150, 90, 3);
  const auto plain = codec.Compress(image, 30).value();
  codec.SetTuning(Tuning::kVisual);
  const auto visual = codec.Compress(image, 30).value();
  const Container container = ParseContainer(visual, "visual").value();
  EXPECT_EQ(container.header.version(), 2);
  EXPECT_EQ(container.header.map_strength, VisualQualityMap(codec.model().architecture.latent_channels).strength);
  EXPECT_TRUE(codec.Decompress(container, "visual").ok());
  codec.SetTuning(Tuning::kPsnr);
  EXPECT_EQ(codec.Compress(image, 30).value(), plain);
  EXPECT_EQ(ParseContainer(plain, "plain").value().header.version(), 1);
}

/// Regions and tiles know nothing of qualities elsewhere.
TEST(Codec, RegionsOfFilesWithQualitiesByPlaceEqualTheWhole) {
  const auto model = TinyModel();
  Codec codec(model);
  codec.SetQualityMap({120, 40});
  codec.SetTileSize(128);
  const Image image = SyntheticImage(300, 260, 3);
  const Container container = ParseContainer(codec.Compress(image, 25).value(), "file").value();
  const Image whole = codec.Decompress(container, "file").value();
  const Region region{90, 70, 150, 120};
  const Image part = codec.Decompress(container, "file", region).value();
  EXPECT_EQ(part.pixels, Crop(whole, region).pixels);
}

/// A coder gives the same for a tile whatever it coded before.
TEST(Codec, TilesDoNotDependOnTilesBefore) {
  const auto model = TinyModel();
  const int m = model->architecture.latent_channels;
  const TileQuality q = TileQualityAt(*model, 30);
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  std::vector<float> y(static_cast<size_t>(16 * 16 * m));
  for (float& v : y) v = 0.2f * normal(random);
  const LatentView view{y.data(), int64_t{16} * m, m};
  const Tile large{0, 0, 16, 16, 16, 16}, small{2, 3, 7, 9, 8, 12};
  auto used = TileCoder::Create(*model, large).value(), fresh = TileCoder::Create(*model, small).value();
  ASSERT_TRUE(used->Fits(small));
  EXPECT_FALSE(fresh->Fits(large));
  ASSERT_TRUE(used->Encode(q, large, view).ok());
  const TileSymbols after = used->Encode(q, small, view).value(), alone = fresh->Encode(q, small, view).value();
  EXPECT_EQ(after.z, alone.z);
  EXPECT_EQ(after.y, alone.y);
  EXPECT_EQ(after.rows, alone.rows);
  EXPECT_GT(std::count_if(alone.y.begin(), alone.y.end(), [](int16_t v) { return v != 0; }), 100);
}

TEST(Codec, RealBytesMatchTheFloatModel) {
  const auto model = TinyModel();
  const int h = 64, w = 64, quality = 40;
  const Tile tile{0, 0, h, w, h, w};
  const TileQuality q = TileQualityAt(*model, quality);
  Tensor z(Shape{1, model->architecture.hyper_channels, h / 4, w / 4});
  TileSymbols symbols;
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  for (size_t i = 0; i < static_cast<size_t>(z.size()); ++i) {  // logistic
    const size_t c = i % q.scales.z_scale.size();
    const double u = (static_cast<double>(random()) + 0.5) / 4294967296.0;
    const double v = q.scales.z_scale[c] * std::log(u / (1 - u));
    symbols.z.push_back(static_cast<int16_t>(std::clamp(std::lround(v), -127L, 127L)));
    z.data()[i] = (symbols.z[i] + q.scales.z_mean[c]) / q.scales.z_gain[c];
  }
  symbols.rows.resize(static_cast<size_t>(h * w * model->architecture.latent_channels));
  std::vector<uint8_t> features(static_cast<size_t>(h * w * model->prior.feature_channels()));
  ASSERT_TRUE(model->prior.Run(quality, symbols.z.data(), h / 4, w / 4, features.data(), symbols.rows.data()).ok());
  // Symbols as the float model believes them to be.
  Network network = model->architecture.hyper_decoder;
  network.push_back(model->architecture.sigma_head[0]);
  auto graph = Graph::Create(network, z.shape(), model->parameters, Graph::Mode::kInference).value();
  const float* log_sigma = graph->Forward(z.data());
  for (size_t i = 0; i < symbols.rows.size(); ++i) {
    const double sigma = std::exp(log_sigma[i] + q.scales.log_sigma[i % q.scales.log_sigma.size()]);
    const long v = std::lround(sigma * normal(random));
    symbols.y.push_back(symbols.rows[i] == 0 ? int16_t{0} : static_cast<int16_t>(std::clamp(v, -30000L, 30000L)));
  }
  const double estimate = EstimateBits(*model, q, tile, symbols).value() / 8;
  const CodedSymbols coded = ListSymbols(model->prior, quality, tile, symbols);
  const size_t real = EncodeValues(model->prior.y_tables(), coded.y, coded.y_rows).size() +
                      EncodeValues(model->prior.z_tables(), coded.z, coded.z_rows).size();
  EXPECT_GT(coded.y.size(), 10000u);
  EXPECT_LT(static_cast<double>(real), 1.01 * estimate + 24);
  EXPECT_GT(static_cast<double>(real), 0.99 * estimate - 24);
  RecordProperty("real_over_estimate", std::to_string(static_cast<double>(real) / estimate));
}

TEST(Codec, StatsAddUp) {
  Codec codec(TinyModel());
  const Image image = SyntheticImage(512, 384, 3);
  CompressStats stats;
  const auto bytes = codec.Compress(image, 30, &stats);
  ASSERT_TRUE(bytes.ok());
  EXPECT_LT(stats.z_bytes + stats.y_bytes, bytes.value().size());
  EXPECT_GT(stats.z_bytes + stats.y_bytes + 200, bytes.value().size());
  // A random model predicts badly, so the two differ by more than with symbols that follow it.
  EXPECT_NEAR(8.0 * static_cast<double>(stats.z_bytes + stats.y_bytes) / stats.estimated_bits, 1, 0.15);
  EXPECT_EQ(codec.Compress(image, 30).value(), bytes.value());
}

TEST(Codec, BytesAndPixelsDoNotDependOnThreads) {
  const auto model = TinyModel();
  const Image image = SyntheticImage(300, 200, 3);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  Codec one(model);
  const std::vector<uint8_t> bytes = one.Compress(image, 33).value();
  const Image pixels = one.Decompress(ParseContainer(bytes, "t").value(), "t").value();
  omp_set_num_threads(4);
  Codec four(model);
  EXPECT_EQ(four.Compress(image, 33).value(), bytes);
  EXPECT_EQ(four.Decompress(ParseContainer(bytes, "t").value(), "t").value().pixels, pixels.pixels);
  omp_set_num_threads(threads);
}

TEST(Codec, BytesDoNotDependOnWhatWasMadeReady) {
  const Image image = SyntheticImage(150, 90, 3);
  const std::vector<uint8_t> bytes = Codec(TinyModel()).Compress(image, 30).value();
  const struct { int width, height; } sizes[] = {{150, 90}, {90, 150}, {1, 1}, {3000, 70}};
  for (const auto& size : sizes) {
    Codec codec(TinyModel());
    Status coding;
    std::thread other([&] { coding = codec.PrepareCoding(size.width, size.height); });
    ASSERT_TRUE(codec.PrepareAnalysis(size.width, size.height).ok());
    other.join();
    ASSERT_TRUE(coding.ok()) << coding.message();
    EXPECT_EQ(codec.Compress(image, 30).value(), bytes) << size.width << "x" << size.height;
  }
  Codec codec(TinyModel());
  EXPECT_EQ(codec.PrepareAnalysis(0, 5).code(), StatusCode::kInput);
  EXPECT_EQ(codec.PrepareCoding(1 << 30, 1 << 30).code(), StatusCode::kInput);
  EXPECT_EQ(codec.Compress(image, 30).value(), bytes);
}

TEST(Codec, IntegerAndFloatTransformsAreClose) {
  const auto model = TinyModel();
  ASSERT_NE(model->integer, nullptr);
  Codec integer(model), real(model, Precision::kFloat);
  const Image image = SyntheticImage(100, 130, 3);
  const auto bytes = integer.Compress(image, 40).value();
  const double ratio = static_cast<double>(bytes.size()) / static_cast<double>(real.Compress(image, 40).value().size());
  EXPECT_NEAR(ratio, 1, 0.02);
  const Container container = ParseContainer(bytes, "test").value();
  const Image a = integer.Decompress(container, "test").value(), b = real.Decompress(container, "test").value();
  EXPECT_NE(a.pixels, b.pixels) << "or else the comparison compares nothing";
  double squares = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) squares += std::pow(a.pixels[i] - b.pixels[i], 2);
  EXPECT_LT(std::sqrt(squares / static_cast<double>(a.pixels.size())), 2);
}

TEST(Codec, GrayModelsCodeGrayImages) {
  std::string json = TinyArchitecture();
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (size_t at = json.find(from); at != std::string::npos; at = json.find(from, at + 1))
      json.replace(at, from.size(), to);
  };
  replace("\"image_channels\": 3", "\"image_channels\": 1");
  replace("\"in\": 3,", "\"in\": 1,");
  replace("\"out\": 3,", "\"out\": 1,");
  const Architecture a = ParseArchitecture(json, "gray").value();
  Parameters parameters = RandomParameters(a, 1);
  const IntegerPrior prior = TinyPrior(a, parameters);
  const auto file = SerializeModel(a, parameters, prior, TinyMeans(a, parameters, prior), "{}");
  ASSERT_TRUE(file.ok()) << file.status().message();
  Codec codec(std::shared_ptr<Model>(ParseModel(file.value(), "gray").value()));
  const Image restored = RoundTrip(codec, SyntheticImage(70, 40, 1), 20);
  EXPECT_EQ(restored.channels, 1);
  EXPECT_EQ(codec.Compress(SyntheticImage(70, 40, 3), 20).status().code(), StatusCode::kInput);
}

/// SyntheticImage in the upper part of `bits` bits, from `low` on.
Image Synthetic16(int width, int height, int channels, int low, int high) {
  const Image image = SyntheticImage(width, height, channels);
  Image wide(width, height, channels, 16);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    const auto sample = static_cast<uint16_t>(low + (high - low) * image.pixels[i] / 255);
    std::memcpy(wide.pixels.data() + 2 * i, &sample, 2);
  }
  return wide;
}

TEST(Codec, SixteenBitsLieInTheirRange) {
  Codec codec(TinyModel());
  const Image narrow = RoundTrip(codec, SyntheticImage(70, 50, 1), 40);
  for (const auto& [low, high] : {std::pair(0, 65535), std::pair(1000, 5095), std::pair(7, 8)}) {
    const Image image = Synthetic16(70, 50, 1, low, high), restored = RoundTrip(codec, image, 40);
    ASSERT_EQ(restored.bits, 16);
    ASSERT_EQ(restored.pixels.size(), image.pixels.size());
    int levels = 0;
    for (size_t i = 0; i < narrow.pixels.size(); ++i) {
      uint16_t sample;
      std::memcpy(&sample, restored.pixels.data() + 2 * i, 2);
      EXPECT_GE(sample, low);
      EXPECT_LE(sample, high);
      // The same picture, whose range SyntheticImage nearly fills, in finer steps.
      const double as_8_bits = 255.0 * (sample - low) / (high - low);
      if (high - low > 255) {
        EXPECT_NEAR(as_8_bits, narrow.pixels[i], 40);
      }
      levels += std::fabs(as_8_bits - std::lround(as_8_bits)) > 0.1;
    }
    if (high - low > 255) {
      EXPECT_GT(levels, 1000) << "more than 8 bits come back";
    }
  }
  EXPECT_EQ(RoundTrip(codec, Synthetic16(9, 9, 3, 65535, 65535), 40).bits, 16) << "a flat image has a range as well";
}

TEST(Codec, SixteenBitFilesNeedTheirRange) {
  Codec codec(TinyModel());
  const auto bytes = codec.Compress(Synthetic16(20, 20, 3, 0, 4095), 20).value();
  Container container = ParseContainer(bytes, "test").value();
  ASSERT_EQ(container.extra.size(), 1u);
  EXPECT_TRUE(codec.Decompress(container, "test").ok());
  std::swap(container.extra[0].payload[0], container.extra[0].payload[2]);
  std::swap(container.extra[0].payload[1], container.extra[0].payload[3]);
  EXPECT_EQ(codec.Decompress(container, "test").status().code(), StatusCode::kCorrupt);
  container.extra[0].payload.pop_back();
  EXPECT_EQ(codec.Decompress(container, "test").status().code(), StatusCode::kCorrupt);
  container.extra.clear();
  EXPECT_EQ(codec.Decompress(container, "test").status().code(), StatusCode::kCorrupt);
}

TEST(Codec, GrayImagesLeaveOutChannelsOfColour) {
  auto model = TinyModel();
  const auto size = [&](int channels) {
    Codec codec(model);
    const Image gray = SyntheticImage(128, 128, 1);
    const Image image = channels == 1 ? gray.Clone() : GrayToRgb(gray.Clone());
    const auto bytes = codec.Compress(image, 48).value();
    EXPECT_EQ(codec.Decompress(ParseContainer(bytes, "x").value(), "x").value().channels, channels);
    return bytes.size();
  };
  EXPECT_EQ(size(1), size(3));
  std::vector<uint8_t> skipped(static_cast<size_t>(model->architecture.latent_channels), 0);
  for (size_t c = 0; c < skipped.size(); c += 2) skipped[c] = 1;
  const size_t all = size(3);
  model->prior.SetGraySkipped(skipped);
  EXPECT_EQ(size(3), all);
  EXPECT_LT(size(1), all * 3 / 4);
}

/// A part of the image is that part of the whole, wherever it lies and whatever tiles it touches.
TEST(Codec, RegionsEqualTheWhole) {
  Codec codec(TinyModel());
  for (const int channels : {1, 3}) {
    const auto bytes = codec.Compress(SyntheticImage(1100, 1200, channels), 30).value();  // four tiles
    Container container = ParseContainer(bytes, "test").value();
    const Image whole = codec.Decompress(container, "test").value();
    const Region regions[] = {{0, 0, 1, 1},       {1099, 1199, 1, 1}, {1000, 1010, 60, 30}, {5, 0, 17, 1200},
                              {0, 1030, 1100, 9}, {37, 41, 200, 100}, {0, 0, 1100, 1200}};
    for (const Region& r : regions) {
      const Image part = codec.Decompress(container, "test", r).value();
      ASSERT_EQ(part.width, r.width);
      ASSERT_EQ(part.height, r.height);
      for (int y = 0; y < part.height; ++y) {
        const uint8_t* expected = whole.Row(static_cast<int>(r.y) + y) + r.x * channels;
        ASSERT_TRUE(std::equal(part.Row(y), part.Row(y) + part.width * channels, expected)) << r.x << "," << r.y;
      }
    }
    container.tiles[3].streams[1].clear();  // of another tile
    EXPECT_TRUE(codec.Decompress(container, "test", {10, 10, 50, 50}).ok());
    EXPECT_EQ(codec.Decompress(container, "test", {1050, 1050, 50, 50}).status().code(), StatusCode::kCorrupt);
    for (const Region& r : {Region{-1, 0, 5, 5}, {0, 0, 0, 5}, {1099, 0, 2, 1}, {0, 1199, 1, 2}}) {
      EXPECT_EQ(codec.Decompress(container, "test", r).status().code(), StatusCode::kUsage);
    }
  }
}

}  // namespace
}  // namespace aecomp
