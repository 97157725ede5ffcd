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
#include "model/codec/window_transform.h"
#include "model/entropy/coding_check.h"
#include "model/entropy/integer_prior_state.h"
#include "model/network/receptive_field.h"
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

/// Away from borders a window gives what the whole gives.
TEST(Windows, HaloHidesWhereWindowsMeet) {
  const Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  Parameters parameters = RandomParameters(a, 1);
  const int halo = DecoderHalo(a).value(), whole = 20, part = 2 * halo + 4;
  ASSERT_LT(part, whole);
  const auto run = [&](int size) {
    return Graph::Create(a.decoder, {1, 16, size, size}, parameters, Graph::Mode::kInference).value();
  };
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> y(static_cast<size_t>(whole * whole * 16)), cut;
  for (float& v : y) v = normal(random);
  const int at = 5;
  for (int i = 0; i < part; ++i) {
    const auto row = y.begin() + ((at + i) * whole + at) * 16;
    cut.insert(cut.end(), row, row + part * 16);
  }
  auto big = run(whole), small = run(part);
  const float *x = big->Forward(y.data()), *v = small->Forward(cut.data());
  double inside = 0, outside = 0;
  for (int i = 0; i < part * 16; ++i) {
    for (int j = 0; j < part * 16 * 3; ++j) {
      const double difference = std::fabs(x[(i + at * 16) * whole * 48 + at * 48 + j] - v[i * part * 48 + j]);
      const bool core = i >= halo * 16 && i < (part - halo) * 16 && j >= halo * 48 && j < (part - halo) * 48;
      double& most = core ? inside : outside;
      most = std::max(most, difference);
    }
  }
  EXPECT_LT(inside, 1e-4);
  EXPECT_GT(outside, 1e-2);  // so the comparison can fail
}

/// Small windows against one window: the transforms of a whole image do not change.
TEST(Windows, TransformsDoNotDependOnWindows) {
  const auto model = TinyModel();
  const Image image = SyntheticImage(300, 170, 3);
  const int rows = 12, columns = 20;
  WindowTransform whole(*model), pieces(*model, true, 80);
  std::vector<float> y(static_cast<size_t>(rows * columns * 16)), y_pieces(y.size());
  ASSERT_TRUE(whole.Analyse(image, {}, rows, columns, y.data(), columns * 16).ok());
  ASSERT_TRUE(pieces.Analyse(image, {}, rows, columns, y_pieces.data(), columns * 16).ok());
  for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], y_pieces[i], 1e-4) << i;
  Image restored(300, 170, 3), restored_pieces(300, 170, 3);
  std::vector<int16_t> latents;
  for (float v : y) latents.push_back(static_cast<int16_t>(std::lrintf(v / kLatentUnit)));
  ASSERT_TRUE(whole.Synthesise(latents.data(), 11, 19, 19 * 16, {}, restored).ok());
  ASSERT_TRUE(pieces.Synthesise(latents.data(), 11, 19, 19 * 16, {}, restored_pieces).ok());
  EXPECT_EQ(restored.pixels, restored_pieces.pixels) << "integers: not even a last bit changes";
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

TEST(Windows, CoresPartitionTheAxis) {
  for (const auto& [length, size, halo] : {std::tuple{10, 10, 2}, {11, 10, 2}, {100, 10, 2}, {100, 13, 6}, {1, 1, 0}}) {
    int next = 0;
    for (const Window& w : MakeWindows(length, size, halo)) {
      EXPECT_EQ(w.core_begin, next);
      EXPECT_GT(w.core_end, w.core_begin);
      EXPECT_GE(w.begin, 0);
      EXPECT_LE(w.begin + size, length);
      EXPECT_TRUE(w.begin == 0 || w.core_begin - w.begin >= halo);
      EXPECT_TRUE(w.begin + size == length || w.begin + size - w.core_end >= halo);
      next = w.core_end;
    }
    EXPECT_EQ(next, length);
  }
}

TEST(ReceptiveField, FollowsKernelsAndStrides) {
  const Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  // 8/4 after two 3x3 after 8/4: [-2, 5] -> [-4, 7] -> [-18, 33] pixels.
  const Interval pixels = ReceptiveField(a.encoder, {0, 0}).value();
  EXPECT_EQ(pixels.first, -18);
  EXPECT_EQ(pixels.last, 33);
  EXPECT_EQ(EncoderHalo(a).value(), 2);
  EXPECT_EQ(DecoderHalo(a).value(), 1);  // [0, 15] -> [-1, 4] -> [-1, 2] -> [-1, 1]
}

TEST(Tiles, CutAndPad) {
  const Architecture a = ParseArchitecture(TinyArchitecture(), "tiny").value();
  ContainerHeader header;
  header.width = 1100, header.height = 70;
  const std::vector<Tile> tiles = MakeTiles(header, a);
  ASSERT_EQ(tiles.size(), 2u);
  EXPECT_EQ(tiles[1].column, 64);
  EXPECT_EQ(tiles[1].coded_w, 5);
  EXPECT_EQ(tiles[1].w, 8);
  EXPECT_EQ(tiles[0].coded_h, 5);
  EXPECT_EQ(tiles[0].h, 8);
}

}  // namespace
}  // namespace aecomp
