// Random pictures with random settings: no sample is farther off than was asked for, and lossless files are equal.
// AECOMP_RANDOM_RESIDUALS=10000 says how many; the default is for every day. AECOMP_RANDOM_SEED gives other pictures.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>

#include "io/metrics.h"
#include "model/codec/codec.h"
#include "tests/model/tiny_codec.h"

namespace aecomp {
namespace {

int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

class RandomPictures {
 public:
  explicit RandomPictures(unsigned seed) : random_(seed) {}

  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  /// Of all sizes from 1x1, shapes and depths: noise, few values, slopes, repeats, extremes.
  Image Next() {
    const int side = 1 + Below(Below(4) == 0 ? 90 : 40);
    Image image(Below(8) == 0 ? 1 : side, Below(8) == 0 ? 1 : 1 + Below(40), Below(2) == 0 ? 1 : 3,
                Below(3) == 0 ? 16 : 8);
    const int kind = Below(6), most = (1 << image.bits) - 1, step = 1 + Below(9), few = 1 + Below(5);
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width * image.channels; ++x) {
        const int column = x / image.channels, channel = x % image.channels;
        int value = 0;
        if (kind == 0) value = Below(most + 1);
        if (kind == 1) value = Below(few) * (most / few);
        if (kind == 2) value = (column * step + y * 3 + channel * 7) * (most / 255) + Below(step);
        if (kind == 3) value = (column / step + y / few) % 2 * most;
        if (kind == 4) value = most - Below(3);
        if (kind == 5) value = (column * y / step * 37 + channel) % 251;
        Set(image, x, y, std::clamp(value, 0, most));
      }
    }
    return image;
  }

  /// 0 in half of the cases, else small or anything.
  int Error(int bits) {
    const int most = bits == 16 ? 3000 : 60;
    return Below(2) == 0 ? 0 : Below(2) == 0 ? 1 + Below(4) : Below(8) == 0 ? Below(32768) : Below(most);
  }

 private:
  static void Set(Image& image, int x, int y, int value) {
    if (image.bits == 8) {
      image.Row(y)[x] = static_cast<uint8_t>(value);
    } else {
      reinterpret_cast<uint16_t*>(image.Row(y))[x] = static_cast<uint16_t>(value);
    }
  }

  std::mt19937 random_;
};

TEST(ResidualRandom, NoErrorIsLargerThanAsked) {
  const int count = Setting("AECOMP_RANDOM_RESIDUALS", 300), seed = Setting("AECOMP_RANDOM_SEED", 1);
  RandomPictures pictures(static_cast<unsigned>(seed));
  Codec codec(TinyModel());
  int lossless = 0, with_base = 0;
  for (int i = 0; i < count; ++i) {
    const Image image = pictures.Next();
    const int error = pictures.Error(image.bits);
    const auto base = pictures.Below(4) == 0 ? std::optional(pictures.Below(40)) : std::nullopt;
    codec.SetTileSize(64u << pictures.Below(3));
    SCOPED_TRACE("picture " + std::to_string(i) + ": " + std::to_string(image.width) + "x" +
                 std::to_string(image.height) + "x" + std::to_string(image.channels) + ", " +
                 std::to_string(image.bits) + " bits, error " + std::to_string(error) + ", base " +
                 std::to_string(base.value_or(-1)));
    const auto bytes = codec.CompressExactly(image, error, base);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const auto restored = codec.Decompress(ParseContainer(bytes.value(), "test").value(), "test");
    ASSERT_TRUE(restored.ok()) << restored.status().message();
    ASSERT_LE(LargestDifference(restored.value(), image), error);
    if (error == 0) {
      ASSERT_EQ(restored.value().pixels, image.pixels);
    }
    lossless += error == 0, with_base += base.has_value();
  }
  std::printf("%d pictures, %d of them lossless, %d with a base\n", count, lossless, with_base);
}

}  // namespace
}  // namespace aecomp
