// The descent must find a smaller loss than the plain encoder, as the real file and the real decoder have it.
#include "train/refine/latent_refiner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "io/container.h"
#include "io/metrics.h"
#include "model/codec/model_file.h"
#include "train/loss/rate_distortion.h"

namespace aecomp {
namespace {

/// Texture and edges on a slope.
Image DrawnImage(int width, int height, int channels) {
  Image image(width, height, channels);
  std::mt19937 random(7);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        double v = 60 + 0.6 * x + 20 * c + ((x / 37 + y / 29) % 3 == 0 ? 50 : 0);
        if (y > height / 2) v += 25 * std::sin(0.5 * x + 0.02 * x * y / 20) + static_cast<double>(random() % 12);
        image.Row(y)[x * channels + c] = static_cast<uint8_t>(std::clamp(v, 0.0, 255.0));
      }
    }
  }
  return image;
}

class LatentRefinerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (EmbeddedModelFile().empty()) GTEST_SKIP() << "the program was built without a model";
    auto parsed = ParseModel(EmbeddedModelFile(), "the embedded model");
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    model_ = std::move(parsed).value();
    codec_ = std::make_unique<Codec>(model_);
    auto made = LatentRefiner::Create(*model_);
    ASSERT_TRUE(made.ok()) << made.status().message();
    refiner_ = std::move(made).value();
  }

  /// Of a file: bits a pixel and lambda times the squared error.
  double Cost(const Image& image, const std::vector<uint8_t>& file, int quality) {
    auto container = ParseContainer(file, "file");
    EXPECT_TRUE(container.ok());
    auto decoded = codec_->Decompress(container.value(), "file");
    EXPECT_TRUE(decoded.ok()) << decoded.status().message();
    const double error = std::pow(10, -Psnr(image, decoded.value()) / 10);
    return 8.0 * static_cast<double>(file.size()) / (image.width * image.height) +
           LambdaOfUnitRange(model_->architecture, quality) * error;
  }

  void ExpectGain(const Image& image, int quality, double least_gain) {
    auto analysed = codec_->Analyse(image);
    ASSERT_TRUE(analysed.ok());
    auto plain = codec_->Encode(analysed.value(), quality);
    ASSERT_TRUE(plain.ok());
    const Status status = refiner_->Refine(*codec_, image, quality, {.steps = 80}, analysed.value());
    ASSERT_TRUE(status.ok()) << status.message();
    auto refined = codec_->Encode(analysed.value(), quality);
    ASSERT_TRUE(refined.ok());
    EXPECT_LT(Cost(image, refined.value(), quality), (1 - least_gain) * Cost(image, plain.value(), quality));
  }

  std::shared_ptr<Model> model_;
  std::unique_ptr<Codec> codec_;
  std::unique_ptr<LatentRefiner> refiner_;
};

TEST_F(LatentRefinerTest, FilesCostLess) { ExpectGain(DrawnImage(150, 110, 3), 70, 0.005); }

TEST_F(LatentRefinerTest, FilesOfSeveralBlocksAndTilesCostLess) {
  codec_->SetTileSize(256);
  ExpectGain(DrawnImage(700, 90, 3), 50, 0.001);
}

TEST_F(LatentRefinerTest, GrayFilesCostLess) { ExpectGain(DrawnImage(130, 90, 1), 60, 0.002); }

TEST_F(LatentRefinerTest, WithoutStepsTheEncodersSymbolsStay) {
  const Image image = DrawnImage(150, 110, 3);
  auto analysed = codec_->Analyse(image);
  ASSERT_TRUE(analysed.ok());
  auto plain = codec_->Encode(analysed.value(), 70);
  ASSERT_TRUE(plain.ok());
  ASSERT_TRUE(refiner_->Refine(*codec_, image, 70, {.steps = 0}, analysed.value()).ok());
  auto same = codec_->Encode(analysed.value(), 70);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same.value(), plain.value());
}

}  // namespace
}  // namespace aecomp
