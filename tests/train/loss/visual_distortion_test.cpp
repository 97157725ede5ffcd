#include "train/loss/visual_distortion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "io/metrics.h"
#include "train/loss/ms_ssim_loss.h"
#include "train/loss/smooth_edges.h"

namespace aecomp {
namespace {

constexpr double kPi = 3.14159265358979;

/// A picture with smooth ground, texture and an edge; samples in [0, 1], multiples of 1/255.
std::vector<float> Picture(int height, int width, int channels) {
  std::vector<float> picture;
  std::mt19937 random(1);
  std::normal_distribution<double> noise;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double texture = y > height / 2 ? 0.1 * noise(random) : 0;
      for (int c = 0; c < channels; ++c) {
        const double v = 0.3 + 0.2 * std::sin(kPi * (x + c * 9) / width) + texture + (x > 2 * width / 3 ? 0.3 : 0);
        picture.push_back(static_cast<float>(std::round(255 * std::fmin(1, std::fmax(0, v))) / 255));
      }
    }
  }
  return picture;
}

std::vector<float> Disturbed(std::vector<float> picture, double deviation) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, deviation);
  for (float& v : picture)
    v = static_cast<float>(std::round(255 * std::fmin(1, std::fmax(0, v + noise(random)))) / 255);
  return picture;
}

Image ToImage(const std::vector<float>& picture, int height, int width) {
  Image image(width, height, 1, 8);
  for (size_t i = 0; i < picture.size(); ++i) image.pixels[i] = static_cast<uint8_t>(std::lround(picture[i] * 255));
  return image;
}

TEST(VisualDistortionTest, MsSsimIsThatOfTheMeasure) {
  for (const auto& [height, width] : {std::pair(192, 192), std::pair(180, 64), std::pair(33, 47)}) {
    const auto a = Picture(height, width, 1), b = Disturbed(a, 0.05);
    std::vector<float> gradient(a.size());
    const double loss = MsSsimLoss(height, width)(a.data(), b.data(), gradient.data());
    EXPECT_NEAR(loss, 1 - MsSsim(ToImage(a, height, width), ToImage(b, height, width)), 5e-5) << height << "x" << width;
    EXPECT_NEAR(MsSsimLoss(height, width)(a.data(), a.data(), gradient.data()), 0, 1e-6);
  }
}

std::vector<float> Centred(std::vector<float> picture) {
  for (float& v : picture) v -= 0.5f;
  return picture;
}

/// b: what came back of a; all samples in [0, 1].
Distortion::Value Measure(Distortion& distortion, const std::vector<float>& a, const std::vector<float>& b) {
  return distortion.Measure({a.data(), Centred(b).data()}, 1, nullptr);
}

/// Along the gradient and along random directions the difference quotient is the scalar product.
void CheckGradient(int height, int width, int channels, const DistortionWeights& weights) {
  const auto a = Picture(height, width, channels), b = Disturbed(a, 0.04);
  VisualDistortion distortion({1, channels, height, width}, weights);
  std::vector<float> gradient(b.size(), 7);
  constexpr double kScale = 3;
  const auto with = distortion.Measure({a.data(), Centred(b).data()}, kScale, gradient.data());
  EXPECT_EQ(with.distortion, Measure(distortion, a, b).distortion);  // not scaled, with a gradient or without
  std::mt19937 random(5);
  for (int trial = 0; trial < 4; ++trial) {
    std::vector<float> direction(gradient);
    std::normal_distribution<float> noise;
    if (trial > 0) {
      for (float& v : direction) v = noise(random);
    }
    double norm = 0, product = 0, length = 0;
    for (const float v : direction) norm += static_cast<double>(v) * v;
    for (const float v : gradient) length += static_cast<double>(v) * v;
    const double step = 5e-4 / std::sqrt(norm / static_cast<double>(b.size()));
    for (size_t i = 0; i < b.size(); ++i) product += static_cast<double>(direction[i]) * gradient[i];
    const auto at = [&](double sign) {
      auto moved = b;
      for (size_t i = 0; i < b.size(); ++i) moved[i] = static_cast<float>(b[i] + sign * step * direction[i]);
      return Measure(distortion, a, moved).distortion;
    };
    const double quotient = kScale * (at(1) - at(-1)) / (2 * step);
    EXPECT_NEAR(quotient, product, 0.01 * std::sqrt(length * norm)) << "direction " << trial;
  }
}

TEST(VisualDistortionTest, GradientsAreDifferenceQuotients) {
  CheckGradient(192, 192, 3, {1, 0, 0});
  CheckGradient(192, 192, 3, {0, 1, 0});
  CheckGradient(64, 96, 1, {0, 1, 0});
  CheckGradient(64, 96, 3, {0, 0, 1});
  CheckGradient(61, 99, 3, {0, 0, 1});
  CheckGradient(61, 99, 1, {0.2, 0.4, 0.4});
  CheckGradient(64, 64, 3, {0.3, 0.6, 0.5});
}

TEST(VisualDistortionTest, SquaredErrorAloneIsThatOfTrainingForPsnr) {
  const auto a = Picture(32, 40, 3), b = Disturbed(a, 0.05);
  VisualDistortion visual({1, 3, 32, 40}, {1, 0, 0});
  SquaredError squared({1, 3, 32, 40});
  std::vector<float> ours(a.size()), theirs(a.size());
  const auto decoded = Centred(b);
  const auto value = visual.Measure({a.data(), decoded.data()}, 5, ours.data());
  const auto expected = squared.Measure({a.data(), decoded.data()}, 5, theirs.data());
  EXPECT_NEAR(value.distortion, expected.distortion, 1e-6 * expected.distortion);
  EXPECT_NEAR(value.mse, expected.mse, 1e-6 * expected.mse);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 1e-9) << i;
}

TEST(VisualDistortionTest, SamplesAreNotClipped) {
  const std::vector<float> a(48 * 48 * 3, 0.9f), inside(a.size(), 1.0f), outside(a.size(), 1.1f);
  VisualDistortion distortion({1, 3, 48, 48}, {1, 1, 0});
  const auto less = Measure(distortion, a, inside), more = Measure(distortion, a, outside);
  EXPECT_NEAR(less.mse, 0.01, 1e-6);
  EXPECT_NEAR(more.mse, 0.04, 1e-6);
  EXPECT_GT(more.distortion, less.distortion + 0.03);
}

TEST(VisualDistortionTest, TermsThatDoNotFitCountAsSquaredError) {
  const auto a = Picture(7, 10, 1), b = Disturbed(a, 0.05);
  VisualDistortion squared({1, 1, 7, 10}, {1, 0, 0}), mixed({1, 1, 7, 10}, {0.2, 0.5, 0.3});
  EXPECT_DOUBLE_EQ(Measure(mixed, a, b).distortion, Measure(squared, a, b).distortion);
  // 10 rows: smooth edges fit, MS-SSIM does not.
  const auto c = Picture(10, 64, 1), d = Disturbed(c, 0.05);
  VisualDistortion given_up({1, 1, 10, 64}, {0.2, 0.5, 0.3}), expected({1, 1, 10, 64}, {0.7, 0, 0.3});
  EXPECT_DOUBLE_EQ(Measure(given_up, c, d).distortion, Measure(expected, c, d).distortion);
  EXPECT_NE(Measure(given_up, c, d).distortion, Measure(given_up, c, d).mse);
}

/// Rows and columns beyond a multiple of 8 do not count.
TEST(VisualDistortionTest, SmoothEdgesTakesAnySize) {
  const auto part = [](const std::vector<float>& picture) {
    std::vector<float> rows;
    for (int y = 0; y < 40; ++y) rows.insert(rows.end(), picture.begin() + y * 53, picture.begin() + y * 53 + 48);
    return rows;
  };
  const auto a = Picture(47, 53, 1), b = Disturbed(a, 0.02);
  VisualDistortion whole({1, 1, 47, 53}, {0, 0, 1}), cut({1, 1, 40, 48}, {0, 0, 1});
  EXPECT_EQ(Measure(whole, a, b).distortion, Measure(cut, part(a), part(b)).distortion);
  EXPECT_GT(Measure(whole, a, b).distortion, 0);
}

/// The same error, as a grid of blocks or as noise, on smooth ground and on texture.
TEST(VisualDistortionTest, SmoothEdgesSeesGridsOnSmoothGround) {
  constexpr int kSize = 64;
  constexpr float kHeight = 0.01f;
  std::vector<float> flat(kSize * kSize, 0.5f), texture = Disturbed(flat, 0.1), grid(flat.size()), noise(flat.size()),
                                                gradient(flat.size());
  std::mt19937 random(3);
  for (int i = 0; i < kSize * kSize; ++i) {
    const int block = i / kSize / 8 + i % kSize / 8;
    grid[static_cast<size_t>(i)] = block % 2 == 0 ? kHeight : -kHeight;
    noise[static_cast<size_t>(i)] = random() % 2 == 0 ? kHeight : -kHeight;
  }
  SmoothEdges edges(kSize, kSize);
  const auto measure = [&](const std::vector<float>& luma, const std::vector<float>& error) {
    return edges(luma.data(), error.data(), {1}, gradient.data());
  };
  // Blocks of 8x8: at the coarsest scale 2 * 7/8 pairs a block, each of (2 kHeight)^2, times 64 / 16; finer scales have
  // 1, 1/2 and 1/4 pairs of a border of 8 blocks' sides: 7/8 * 2 / 8 * 4^s * 2^s.
  double expected = 0;
  for (int s = 0; s < 4; ++s) {
    const double per_block = 2 * 7.0 / 8 * (8 >> s), blocks_samples = (8 >> s) * (8 >> s);
    expected += std::pow(4, s) / 16 * per_block / blocks_samples * 4 * kHeight * kHeight;
  }
  EXPECT_NEAR(measure(flat, grid), expected, 1e-3 * expected);
  EXPECT_NEAR(measure(flat, noise), kHeight * kHeight, 0.15 * kHeight * kHeight);
  EXPECT_LT(measure(texture, grid), 0.05 * measure(flat, grid));
  const std::vector<float> level(flat.size(), kHeight);
  EXPECT_NEAR(measure(flat, level), 0, 1e-12);
}

}  // namespace
}  // namespace aecomp
