#include "app/eval/smooth_edges_measure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace aecomp {
namespace {

Image Draw(int width, int height, int channels, const std::function<double(int x, int y, int c)>& sample) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        image.Row(y)[x * channels + c] = static_cast<uint8_t>(std::clamp(std::lround(sample(x, y, c)), 0L, 255L));
      }
    }
  }
  return image;
}

Image Flat(int width, int height) {
  return Draw(width, height, 1, [](int, int, int) { return 128; });
}

using Plane = std::vector<std::vector<double>>;

Plane Half(const Plane& p) {
  Plane half(p.size() / 2, std::vector<double>(p[0].size() / 2));
  for (size_t y = 0; y < half.size(); ++y) {
    for (size_t x = 0; x < half[0].size(); ++x) {
      half[y][x] = (p[2 * y][2 * x] + p[2 * y][2 * x + 1] + p[2 * y + 1][2 * x] + p[2 * y + 1][2 * x + 1]) / 4;
    }
  }
  return half;
}

/// E as README.md of app/eval has it, of planes whose sides are multiples of 8, in double precision.
double PlainE(const Plane& luma, const Plane& error) {
  Plane w = luma, e = error;
  for (size_t y = 0; y < luma.size(); ++y) {
    for (size_t x = 0; x < luma[0].size(); ++x) {
      double sum = 0, squares = 0;
      for (size_t v = y / 4 * 4; v < y / 4 * 4 + 4; ++v) {
        for (size_t u = x / 4 * 4; u < x / 4 * 4 + 4; ++u) sum += luma[v][u], squares += luma[v][u] * luma[v][u];
      }
      w[y][x] = 1e-4 / (squares / 16 - sum / 16 * sum / 16 + 1e-4);
    }
  }
  double total = 0;
  for (int s = 0; s < 4; ++s) {
    if (s > 0) w = Half(w), e = Half(e);
    double sum = 0;
    for (size_t y = 0; y < e.size(); ++y) {
      for (size_t x = 0; x < e[0].size(); ++x) {
        const auto pair = [&](size_t v, size_t u) {
          if (v < e.size() && u < e[0].size()) {
            sum += std::min(w[y][x], w[v][u]) * (e[y][x] - e[v][u]) * (e[y][x] - e[v][u]);
          }
        };
        pair(y, x + 1), pair(y + 1, x);
      }
    }
    total += std::pow(4, s) * sum / static_cast<double>(e.size() * e[0].size()) / 16;
  }
  return total;
}

TEST(SmoothEdgesMeasure, IsThatOfThePlainFormula) {
  std::mt19937 random(4);
  const auto noise = [&](int amplitude) { return static_cast<double>(random() % (2 * amplitude + 1)) - amplitude; };
  const Image a = Draw(40, 24, 3, [&](int x, int, int c) { return 90 + x + 10 * c + (x > 20 ? noise(30) : noise(2)); });
  const Image b = Draw(40, 24, 3, [&](int x, int y, int c) { return a.Row(y)[3 * x + c] + noise(6); });
  const double weights[3][3] = {{0.299, 0.587, 0.114}, {-0.168736, -0.331264, 0.5}, {0.5, -0.418688, -0.081312}};
  double want = 0;
  Plane luma(24, std::vector<double>(40));
  for (int p = 0; p < 3; ++p) {
    Plane error = luma;
    for (size_t y = 0; y < 24; ++y) {
      for (size_t x = 0; x < 40; ++x) {
        const uint8_t *before = a.Row(static_cast<int>(y)) + 3 * x, *after = b.Row(static_cast<int>(y)) + 3 * x;
        error[y][x] = 0;
        if (p == 0) luma[y][x] = 0;
        for (int c = 0; c < 3; ++c) {
          error[y][x] += weights[p][c] * (after[c] - before[c]) / 255;
          if (p == 0) luma[y][x] += weights[0][c] * before[c] / 255;
        }
      }
    }
    want += (p == 0 ? 1 : 0.5) * PlainE(luma, error);
  }
  EXPECT_NEAR(MeasureSmoothEdges(a, b), want, 1e-4 * want);
}

TEST(SmoothEdgesMeasure, OfErrorsWithoutEdgesIsZero) {
  const Image flat = Flat(100, 60);
  EXPECT_EQ(MeasureSmoothEdges(flat, flat), 0);
  EXPECT_NEAR(MeasureSmoothEdges(flat, Draw(100, 60, 1, [](int, int, int) { return 140; })), 0, 1e-12);
  EXPECT_EQ(MeasureSmoothEdges(Flat(7, 100), Draw(7, 100, 1, [](int x, int, int) { return x; })), 0) << "too small";
}

// One step of height h between the halves of a flat picture: a column of pairs at each scale.
TEST(SmoothEdgesMeasure, OfOneStepIsKnown) {
  const int width = 64, height = 32;
  const Image step = Draw(width, height, 1, [](int x, int, int) { return x < 32 ? 128 : 138; });
  const double h = 10 / 255.0;
  double want = 0;
  for (int s = 0; s < 4; ++s) want += std::pow(4, s) / 16 * h * h / (width >> s);
  EXPECT_NEAR(MeasureSmoothEdges(Flat(width, height), step), want, 1e-5 * want);
}

// Defects of equal squared error: rings beside an edge, a grid, blocks. On flat ground each counts many times what it
// does on texture, and blocks, which eyes see best, count more than noise.
TEST(SmoothEdgesMeasure, PunishesDefectsOnSmoothGround) {
  const int side = 256;
  std::mt19937 random(7);
  std::vector<double> values(static_cast<size_t>(side * side));
  for (double& v : values) v = static_cast<double>(random() % 101) - 50;
  const auto texture =
      Draw(side, side, 1, [&](int x, int y, int) { return 128 + values[static_cast<size_t>(y * side + x)]; });
  const Image flat = Flat(side, side);
  const auto on = [&](const Image& ground, const std::function<double(int, int)>& defect) {
    return MeasureSmoothEdges(ground,
                              Draw(side, side, 1, [&](int x, int y, int) { return ground.Row(y)[x] + defect(x, y); }));
  };
  const auto ringing = [](int x, int) { return std::lround(12 * std::exp(-x / 20.0) * std::cos(x * 1.2)); };
  const auto grid = [](int x, int y) { return x % 16 == 0 || y % 16 == 0 ? 4 : 0; };
  const auto blocks = [](int x, int y) { return (x / 8 + y / 8) % 2 == 0 ? 3 : -3; };
  for (const auto& defect : std::vector<std::function<double(int, int)>>{ringing, grid, blocks}) {
    EXPECT_GT(on(flat, defect), 5 * on(texture, defect));
  }
  const auto noise = [&](int x, int y) { return values[static_cast<size_t>(y * side + x)] > 0 ? 3 : -3; };
  EXPECT_GT(on(flat, blocks), 3 * on(flat, noise));
}

TEST(SmoothEdgesMeasure, OfManyTilesIsTheirMean) {
  const auto stripes = [](int x, int, int) { return x % 8 < 4 ? 126 : 130; };
  const double whole = MeasureSmoothEdges(Flat(1100, 530), Draw(1100, 530, 1, stripes));
  EXPECT_NEAR(whole, MeasureSmoothEdges(Flat(512, 512), Draw(512, 512, 1, stripes)), 0.01 * whole);
}

TEST(SmoothEdgesMeasure, Of16BitsIsThatOf8) {
  const Image a = Flat(64, 64), b = Draw(64, 64, 1, [](int x, int y, int) { return (x ^ y) & 8 ? 120 : 131; });
  const auto widen = [](const Image& image) {
    Image wide(image.width, image.height, 1, 16);
    auto* const samples = reinterpret_cast<uint16_t*>(wide.pixels.data());
    for (size_t i = 0; i < image.pixels.size(); ++i) samples[i] = static_cast<uint16_t>(image.pixels[i] * 257);
    return wide;
  };
  EXPECT_NEAR(MeasureSmoothEdges(widen(a), widen(b)), MeasureSmoothEdges(a, b), 1e-9);
}

TEST(WorstRegions, FindsPlantedDefects) {
  const auto defect = [](int x, int y, int) {
    if (x >= 400 && x < 432 && y >= 64 && y < 96) return 128 + ((x / 8 + y / 8) % 2 ? 12 : -12);
    if (x >= 40 && x < 56 && y >= 300 && y < 316) return 128 + ((x / 8 + y / 8) % 2 ? 8 : -8);
    return 128;
  };
  const std::vector<WorstSquare> worst = WorstRegions(Flat(512, 384), Draw(512, 384, 1, defect), 3);
  ASSERT_EQ(worst.size(), 2u) << "elsewhere there is no error";
  EXPECT_TRUE(worst[0].x <= 400 && worst[0].x + worst[0].side >= 432 && worst[0].y <= 64);
  EXPECT_TRUE(worst[1].x <= 40 && worst[1].y <= 300 && worst[1].y + worst[1].side >= 316);
  EXPECT_GT(worst[0].error, worst[1].error);
  EXPECT_TRUE(WorstRegions(Flat(6, 6), Flat(6, 6), 3).empty());
}

}  // namespace
}  // namespace aecomp
