// Windows, halos and tiles: pieces of an image that are coded like the whole.
#include "model/codec/windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "model/codec/tiles.h"
#include "model/codec/window_transform.h"
#include "model/network/receptive_field.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

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
