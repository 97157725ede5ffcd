#include "train/export/fit_coarse.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "io/file.h"
#include "io/formats/png.h"
#include "io/metrics.h"
#include "model/codec/codec.h"
#include "model/entropy/coding_check.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

constexpr int kMeanChannel = 3;

/// A model with random weights, but for a channel that holds the means of blocks.
std::unique_ptr<Model> ModelOfMeans() {
  auto model = std::make_unique<Model>();
  model->architecture = ParseArchitecture(TinyArchitecture(), "tiny").value();
  model->parameters = RandomParameters(model->architecture, 1);
  for (float& v : model->parameters.Find("analysis.2.weight")->value) v = 0;
  Parameter& blocks = *model->parameters.Find("block_analysis.weight");  // [16, 3, 16, 16]
  const size_t size = blocks.value.size() / 16;
  std::fill_n(blocks.value.begin() + kMeanChannel * static_cast<std::ptrdiff_t>(size), size, 1.f / 256);
  model->prior = TinyPrior(model->architecture, model->parameters);
  model->means = TinyMeans(model->architecture, model->parameters, model->prior);
  return model;
}

Image SlowWaves(int side, double phase) {
  Image image(side, side, 3);
  for (int y = 0; y < side; ++y) {
    for (int i = 0; i < 3 * side; ++i) {
      const double wave = std::sin(0.012 * y + phase) + std::cos(0.004 * i - 0.007 * y + 2 * phase);
      image.Row(y)[i] = static_cast<uint8_t>(128 + 50 * wave);
    }
  }
  return image;
}

TEST(FitCoarse, MeansOfBlocksBecomeCheaper) {
  const fs::path folder = fs::temp_directory_path() / ("aecomp_coarse_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::vector<std::string> files, notes;
  for (int i = 0; i < 3; ++i) {
    files.push_back((folder / (std::to_string(i) + ".png")).string());
    ASSERT_TRUE(WriteFileAtomically(files.back(), EncodePng(SlowWaves(560, i)).value(), true).ok());
  }
  const Dataset dataset = Dataset::Load(files, {3}, &notes).value();
  fs::remove_all(folder);

  const std::shared_ptr<Model> model = ModelOfMeans();
  const Image picture = SlowWaves(512, 0.5);
  constexpr int kQuality = 40;
  const auto code = [&](size_t* bytes) {
    Codec codec(model);
    const auto file = codec.Compress(picture, kQuality).value();
    *bytes = file.size();
    return Psnr(picture, codec.Decompress(ParseContainer(file, "test").value(), "test").value());
  };
  size_t before = 0, after = 0;
  const double psnr_before = code(&before);
  ASSERT_TRUE(FitCoarse(*model, dataset).ok());
  const std::vector<int>& channels = model->prior.coarse().channels;
  EXPECT_NE(std::find(channels.begin(), channels.end(), kMeanChannel), channels.end());
  const double psnr_after = code(&after);
  EXPECT_LT(after, before * 9 / 10);
  EXPECT_NEAR(psnr_after, psnr_before, 1);
}

}  // namespace
}  // namespace aecomp
