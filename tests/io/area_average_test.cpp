#include "io/area_average.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "io/region.h"
#include "tests/io/test_images.h"

namespace aecomp {
namespace {

double Sample(const Image& image, int x, int y, int c) {
  const size_t at = (static_cast<size_t>(y) * static_cast<size_t>(image.width) + static_cast<size_t>(x)) *
                        static_cast<size_t>(image.channels) +
                    static_cast<size_t>(c);
  return image.bits == 8 ? image.pixels[at] : reinterpret_cast<const uint16_t*>(image.pixels.data())[at];
}

/// What part of pixel i, 1 wide, pixel j of the result covers.
double Overlap(int i, int j, int from, int to) {
  const double scale = static_cast<double>(from) / to;
  return std::max(0.0, std::min(i + 1.0, (j + 1) * scale) - std::max<double>(i, j * scale));
}

/// In floating point, pixel by pixel.
double Mean(const Image& image, const ImageSize& to, int x, int y, int c) {
  const bool alpha = image.channels % 2 == 0;
  double sum = 0, parts = 0;
  for (int i = 0; i < image.height; ++i) {
    for (int j = 0; j < image.width; ++j) {
      const double area = Overlap(i, y, image.height, to.height) * Overlap(j, x, image.width, to.width);
      const double weight = alpha && c + 1 < image.channels ? area * Sample(image, j, i, image.channels - 1) : area;
      sum += weight * Sample(image, j, i, c), parts += weight;
    }
  }
  return parts == 0 ? 0 : sum / parts;
}

Image Reduced(const Image& image, const ImageSize& to, int rows_at_a_time) {
  AreaAverage average({image.width, image.height}, to, image.channels, image.bits);
  for (int y = 0; y < image.height; y += rows_at_a_time) {
    average.Add(Crop(image, {0, y, image.width, std::min(rows_at_a_time, image.height - y)}));
  }
  return average.Take();
}

TEST(AreaAverage, IsTheMeanOfWhatEachPixelCovers) {
  for (const int bits : {8, 16}) {
    for (const int channels : {1, 2, 3, 4}) {
      const Image image = MakeImage(37, 23, channels, bits);
      for (const ImageSize& to : {ImageSize{37, 23}, {36, 22}, {20, 12}, {7, 4}, {1, 1}, {37, 1}, {1, 23}}) {
        const Image small = Reduced(image, to, 5);
        ASSERT_EQ((ImageSize{small.width, small.height}), to);
        for (int y = 0; y < to.height; ++y) {
          for (int x = 0; x < to.width; ++x) {
            for (int c = 0; c < channels; ++c) {
              ASSERT_NEAR(Sample(small, x, y, c), Mean(image, to, x, y, c), 0.5 + 1e-6)
                  << to.width << "x" << to.height << ", " << channels << " channels, " << bits << " bits: " << x << ","
                  << y << "," << c;
            }
          }
        }
      }
    }
  }
}

TEST(AreaAverage, RowsMayComeInAnyPortions) {
  const Image image = MakeImage(50, 41, 3, 8);
  const Image whole = Reduced(image, {13, 11}, 41);
  for (const int rows : {1, 2, 7, 40}) EXPECT_EQ(Reduced(image, {13, 11}, rows).pixels, whole.pixels) << rows;
}

TEST(AreaAverage, HoldsTheLargestSums) {
  // The row of white pixels of 16 bits with alpha that has the most weight.
  Image row(1 << 20, 1, 2, 16);
  std::fill(row.pixels.begin(), row.pixels.end(), uint8_t{255});
  AreaAverage average({1 << 20, 1024}, {3, 2}, 2, 16);
  for (int y = 0; y < 1024; ++y) average.Add(row);
  const Image small = average.Take();
  for (const uint8_t v : small.pixels) ASSERT_EQ(v, 255);
}

TEST(SizeWithin, KeepsProportions) {
  EXPECT_EQ(SizeWithin(4000, 3000, 256), (ImageSize{256, 192}));
  EXPECT_EQ(SizeWithin(3000, 4000, 256), (ImageSize{192, 256}));
  EXPECT_EQ(SizeWithin(200, 100, 256), (ImageSize{200, 100}));
  EXPECT_EQ(SizeWithin(1 << 20, 1, 256), (ImageSize{256, 1}));
  EXPECT_EQ(SizeWithin(1, 1, 1), (ImageSize{1, 1}));
}

}  // namespace
}  // namespace aecomp
