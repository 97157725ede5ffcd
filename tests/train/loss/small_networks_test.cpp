// Small networks of every kind train, are exported and code, with either prior.
#include "tests/model/small_networks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "io/metrics.h"
#include "model/codec/codec.h"
#include "model/codec/factorized_coder.h"
#include "model/codec/tile_transform.h"
#include "model/codec/window_transform.h"
#include "model/entropy/coding_check.h"
#include "train/export/export.h"
#include "train/loss/noise_rate.h"
#include "train/loss/tiled_network.h"
#include "train/loss/training_model.h"
#include "train/optimiser/adam.h"
#include "train/run/initialise.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// A smooth picture with some texture.
Image Picture(int width, int height, int channels, int seed) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const double wave = std::sin(0.05 * (x + seed * 13) + c) + std::cos(0.07 * (y - seed * 7)) +
                            0.3 * std::sin(0.6 * x + 0.5 * y * (c + 1));
        image.Row(y)[x * channels + c] = static_cast<uint8_t>(128 + 45 * wave);
      }
    }
  }
  return image;
}

Dataset Pictures(int channels) {
  const fs::path folder = fs::temp_directory_path() / ("aecomp_small_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::vector<std::string> files, notes;
  for (int i = 0; i < 4; ++i) {
    files.push_back((folder / (std::to_string(i) + ".ppm")).string());
    const Image image = Picture(120 + i, 110, 3, i);
    std::ofstream file(files.back(), std::ios::binary);
    file << "P6\n" << image.width << " " << image.height << "\n255\n";
    file.write(reinterpret_cast<const char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  }
  Dataset dataset = Dataset::Load(files, {.channels = channels}, &notes).value();
  fs::remove_all(folder);
  return dataset;
}

struct Trained {
  std::vector<double> losses;
  std::shared_ptr<Model> model;
};

/// What the trainer does, in a few steps.
Trained TrainShortly(const std::string& text, const std::string& name) {
  const Architecture a = ParseArchitecture(text, name).value();
  const Recipe recipe = ParseRecipe(a).value();
  const Dataset dataset = Pictures(a.image_channels);
  int batch = 4, patch = 64;
  FitToTiles(a, batch, patch);
  Parameters parameters;
  auto model =
      TrainingModel::Create(a, parameters, batch, patch, {.relu_leak = static_cast<float>(recipe.relu_leak)}).value();
  EXPECT_TRUE(InitialiseParameters(a, recipe, dataset, 1, parameters).ok());
  Adam adam(parameters, recipe);
  BatchLoader loader(dataset, batch, patch, a.image_channels, a.max_quality(), 1, 0);
  const NoiseRate rate(LatentRounding::Nearest());
  Trained result;
  for (uint64_t step = 0; step < 40; ++step) {
    const Batch& b = loader.Next();
    const TrainingBatch input{b.x.data(), b.x.data(), b.quality.data(), step, 0};
    result.losses.push_back(model->ForwardBackward(input, rate).loss);
    adam.Step(1e-3, 1);
  }
  const auto bytes = ExportModel(a, parameters, dataset, "{}");
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  auto parsed = ParseModel(bytes.value(), name);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  result.model = std::move(parsed).value();
  return result;
}

/// From random weights: principal components would leave little to learn.
std::string WithoutComponents(std::string text) {
  const std::string key = R"("principal_components": ["analysis", "synthesis"],)";
  if (const size_t at = text.find(key); at != std::string::npos) text.erase(at, key.size());
  return text;
}

/// The network with its own, factorized, prior, or with a hyperprior. Trained when a test first asks for it.
const Trained& Network(const std::string& name, bool hyperprior) {
  static std::map<std::pair<std::string, bool>, Trained> made;
  const auto [it, fresh] = made.insert({{name, hyperprior}, {}});
  if (!fresh) return it->second;
  const std::string text = test::ArchitectureText(name);
  const int m = ParseArchitecture(text, name).value().latent_channels;
  it->second = TrainShortly(WithoutComponents(hyperprior ? test::WithHyperprior(name, m) : text), name);
  return it->second;
}

/// Calls f(name, trained) for every network with either prior.
template <class F>
void ForEachNetwork(F f) {
  for (const std::string name : test::kSmallNetworks) {
    for (const bool hyperprior : {false, true}) {
      f(name + (hyperprior ? " with hyperprior" : ""), Network(name, hyperprior));
    }
  }
}

TEST(SmallNetworks, LossFalls) {
  ForEachNetwork([](const std::string& name, const Trained& trained) {
    const auto mean = [&](size_t first) {
      return std::accumulate(trained.losses.begin() + static_cast<std::ptrdiff_t>(first),
                             trained.losses.begin() + static_cast<std::ptrdiff_t>(first) + 5, 0.0) /
             5;
    };
    EXPECT_LT(mean(35), 0.95 * mean(0)) << name << " from " << mean(0);
  });
}

/// Before the first step.
TEST(SmallNetworks, LinearNetworksStartAsPrincipalComponents) {
  const Architecture a = ParseArchitecture(test::ArchitectureText("linear_tiles"), "linear").value();
  const Dataset dataset = Pictures(1);
  Parameters parameters;
  ASSERT_TRUE(TrainingModel::Create(a, parameters, 1, 28).ok());
  ASSERT_TRUE(InitialiseParameters(a, ParseRecipe(a).value(), dataset, 1, parameters).ok());
  const auto bytes = ExportModel(a, parameters, dataset, "{}");
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  Codec codec(ParseModel(bytes.value(), "linear").value());
  const Image image = Picture(140, 84, 1, 17);
  const auto coded = codec.Compress(image, a.max_quality());
  ASSERT_TRUE(coded.ok());
  EXPECT_GT(Psnr(image, codec.Decompress(ParseContainer(coded.value(), "x").value(), "x").value()), 33);
  EXPECT_LT(coded.value().size(), image.pixels.size() / 6);
}

TEST(SmallNetworks, CodeImagesOfEverySize) {
  ForEachNetwork([](const std::string& name, const Trained& trained) {
    Codec codec(trained.model), again(trained.model);
    const int channels = trained.model->architecture.image_channels;
    const std::pair<int, int> sizes[] = {{1, 1}, {29, 31}, {28, 28}, {200, 3}, {1030, 70}};
    for (const auto& [width, height] : sizes) {
      SCOPED_TRACE(name + " " + std::to_string(width) + "x" + std::to_string(height));
      const Image image = Picture(width, height, channels, 9);
      CompressStats stats;
      const auto bytes = codec.Compress(image, 40, &stats);
      ASSERT_TRUE(bytes.ok()) << bytes.status().message();
      const auto container = ParseContainer(bytes.value(), "test");
      ASSERT_TRUE(container.ok()) << container.status().message();
      const auto restored = again.Decompress(container.value(), "test");
      ASSERT_TRUE(restored.ok()) << restored.status().message();
      EXPECT_EQ(restored.value().width, width);
      EXPECT_EQ(restored.value().height, height);
      EXPECT_EQ(restored.value().channels, channels);
      if (width * height > 10000) {
        EXPECT_GT(Psnr(image, restored.value()), 10) << "a picture, not noise";
      }
      EXPECT_LE(stats.z_bytes + stats.y_bytes, bytes.value().size());
      EXPECT_GT(stats.estimated_bits, 0);
    }
  });
}

/// What the decoder gives is what the encoder's own symbols give.
TEST(SmallNetworks, DecoderSeesWhatTheEncoderQuantised) {
  for (const std::string name : test::kSmallNetworks) {
    SCOPED_TRACE(name);
    Model& model = *Network(name, false).model;
    const Architecture& a = model.architecture;
    const Image image = Picture(1027, 61, a.image_channels, 5);
    Codec codec(Network(name, false).model);
    const Container container = ParseContainer(codec.Compress(image, 21).value(), "test").value();
    const TileGrid grid = MakeTileGrid(container.header, a);
    ASSERT_EQ(grid.tiles.size(), 2u);
    const int rows = grid.coded.rows, columns = grid.coded.columns, m = a.latent_channels;
    const int64_t stride = int64_t{columns} * m;
    AlignedBuffer<float> y(static_cast<size_t>(rows * stride));
    const std::unique_ptr<ImageTransform> transform = MakeImageTransform(model, true);
    ASSERT_TRUE(transform->Analyse(image, {}, grid, y.data(), stride).ok());
    const FactorizedCoder coder(model, 21);
    const FactorizedScales s = FactorizedScalesAt(a, model.parameters, 21);
    LatentPlane y_hat(transform->integer(), m);
    y_hat.Resize(rows, columns);
    int64_t not_zero = 0;
    for (const Tile& tile : grid.tiles) {
      const std::vector<int16_t> symbols = coder.Quantise(tile, {y.data(), stride, m});
      auto symbol = symbols.begin();
      for (int i = 0; i < tile.coded_h; ++i) {
        for (int j = 0; j < tile.coded_w; ++j) {
          std::vector<float> restored;
          for (size_t c = 0; c < s.step.size(); ++c, ++symbol) {
            not_zero += *symbol != 0;
            restored.push_back(*symbol * s.step[c] + s.mean[c]);
          }
          y_hat.Set(tile.row + i, tile.column + j, restored.data());
        }
      }
    }
    EXPECT_GT(not_zero, 100);
    Image expected(image.width, image.height, image.channels);
    ASSERT_TRUE(transform->Synthesise(y_hat, {0, 0, rows, columns}, grid, {}, expected).ok());
    EXPECT_EQ(codec.Decompress(container, "test").value().pixels, expected.pixels);
  }
}

/// A network of one image size treats a tile alone as it does among others.
TEST(SmallNetworks, OneTileAndTenAreTheSame) {
  Model& model = *Network("linear_tiles", false).model;
  const Architecture& a = model.architecture;
  const auto latents = [&](const Image& image) {
    ContainerHeader header;
    header.width = static_cast<uint32_t>(image.width), header.height = static_cast<uint32_t>(image.height);
    const TileGrid grid = MakeTileGrid(header, a);
    const int64_t stride = int64_t{grid.coded.columns} * a.latent_channels;
    std::vector<float> y(static_cast<size_t>(grid.coded.rows * stride));
    EXPECT_TRUE(TileTransform(model).Analyse(image, {}, grid, y.data(), stride).ok());
    return y;
  };
  const Image ten = Picture(280, 28, 1, 2);
  const std::vector<float> together = latents(ten);
  ASSERT_EQ(together.size(), 1280u);
  for (int t = 0; t < 10; ++t) {
    Image one(28, 28, 1);
    for (int y = 0; y < 28; ++y) std::copy_n(ten.Row(y) + 28 * t, 28, one.Row(y));
    const std::vector<float> alone = latents(one);
    for (size_t c = 0; c < 128; ++c) EXPECT_NEAR(alone[c], together[static_cast<size_t>(t) * 128 + c], 1e-4);
  }
}

TEST(SmallNetworks, CorruptStreamsAreRefused) {
  ForEachNetwork([](const std::string& name, const Trained& trained) {
    SCOPED_TRACE(name);
    Codec codec(trained.model);
    const Image image = Picture(130, 80, trained.model->architecture.image_channels, 3);
    const std::vector<uint8_t> bytes = codec.Compress(image, 30).value();
    for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 50) {
      EXPECT_FALSE(ParseContainer(std::span(bytes).first(length), "x").ok());
    }
    const Container good = ParseContainer(bytes, "x").value();
    std::mt19937 random(5);
    int refused = 0;
    for (int i = 0; i < 60; ++i) {
      Container bad = good;
      auto& streams = bad.tiles[0].streams;
      std::vector<uint8_t>& stream = streams[static_cast<size_t>(i) % streams.size()];
      if (i % 3 == 0) stream.resize(random() % stream.size());
      if (i % 3 == 1) stream[random() % stream.size()] ^= static_cast<uint8_t>(1 + random() % 255);
      if (i % 3 == 2) stream.push_back(static_cast<uint8_t>(random()));
      refused += codec.Decompress(bad, "x").status().code() == StatusCode::kCorrupt;
    }
    EXPECT_GE(refused, 55);
    const auto code_after = [&](const auto& change) {
      Container bad = good;
      change(bad);
      return codec.Decompress(bad, "x").status().code();
    };
    EXPECT_EQ(code_after([](Container& c) { c.tiles[0].streams.clear(); }), StatusCode::kCorrupt);
    EXPECT_EQ(code_after([](Container& c) { c.header.tile_size = 1; }), StatusCode::kCorrupt);
    EXPECT_EQ(code_after([](Container& c) { c.header.quality = 49; }), StatusCode::kCorrupt);
    EXPECT_EQ(code_after([](Container& c) { c.header.width += 300; }), StatusCode::kCorrupt);
    EXPECT_EQ(code_after([](Container& c) { c.header.bits = 16; }), StatusCode::kCorrupt);
  });
}

TEST(SmallNetworks, SixteenBitsAndColoursOnGrayModels) {
  for (const std::string name : test::kSmallNetworks) {
    Codec codec(Network(name, false).model);
    const int channels = codec.model().architecture.image_channels;
    Image image(40, 30, channels, 16);
    const Image picture = Picture(40, 30, channels, 1);
    for (size_t i = 0; i < picture.pixels.size(); ++i) image.pixels[2 * i + 1] = picture.pixels[i];
    const auto bytes = codec.Compress(image, 40);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    EXPECT_EQ(codec.Decompress(ParseContainer(bytes.value(), "x").value(), "x").value().bits, 16);
    const auto colour = codec.Compress(Picture(40, 30, 3, 1), 40);
    EXPECT_EQ(colour.ok(), channels == 3);
    if (channels == 1) {
      EXPECT_NE(colour.status().message().find("convert the image to gray"), std::string::npos);
    }
    EXPECT_TRUE(codec.Compress(Picture(40, 30, 1, 1), 40).ok());
  }
}

/// Gradients against finite differences of the loss, with the noise held still.
TEST(SmallNetworks, GradientsAgreeWithFiniteDifferences) {
  for (const std::string& text : {test::ArchitectureText("linear_tiles"), test::ArchitectureText("conv_small"),
                                  test::WithHyperprior("linear_tiles", 128)}) {
    const Architecture a = ParseArchitecture(text, "a").value();
    SCOPED_TRACE(a.name + (a.prior == PriorType::kFactorized ? "" : " with hyperprior"));
    const int batch = 3, patch = a.tile != 0 ? 2 * a.tile : 32;
    Parameters parameters;
    auto model = TrainingModel::Create(a, parameters, batch, patch).value();
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (Parameter& p : parameters.list()) {
      const bool weight = p.dims.size() == 4 || p.name.ends_with(".weight");
      const float scale = weight ? 1 / std::sqrt(static_cast<float>(p.size() / p.dims[0])) : 0.1f;
      const float shift = p.name == "log_gain" ? 2.f : p.name == "log_step" ? -2.f : 0.f;
      for (float& v : p.value) v = shift + scale * normal(random);
    }
    parameters.MarkChanged();
    std::vector<float> x(static_cast<size_t>(batch * patch * patch * a.image_channels));
    for (float& v : x) v = 0.5f + 0.2f * normal(random);
    const std::vector<float> quality = {0.f, 11.5f, 47.9f};
    const TrainingBatch batch_of_x{x.data(), x.data(), quality.data(), 5, 0};
    const NoiseRate rate(LatentRounding::Nearest());
    Draws draws;
    model->ForwardBackward(batch_of_x, rate, &draws);
    for (Parameter& p : parameters.list()) {
      double squared = 0;
      for (float g : p.grad) squared += double{g} * g;
      const double norm = std::sqrt(squared);
      ASSERT_GT(norm, 0) << p.name << ": no gradient reaches it";
      const double step = 2e-3 / norm;
      const std::vector<float> saved = p.value;
      const auto loss_at = [&](double sign) {
        for (size_t i = 0; i < saved.size(); ++i) p.value[i] = static_cast<float>(saved[i] + sign * step * p.grad[i]);
        parameters.MarkChanged();
        return model->Forward(batch_of_x, rate, &draws).loss;
      };
      const double measured = (loss_at(1) - loss_at(-1)) / (2 * step * norm);
      p.value = saved;
      EXPECT_NEAR(measured, norm, 0.02 * norm + 1e-4) << p.name;
    }
  }
}

}  // namespace
}  // namespace aecomp
