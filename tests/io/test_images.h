// Images that tests make themselves.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "io/image.h"

namespace aecomp {

/// Smooth waves with some noise, different in every channel.
inline Image MakeImage(int width, int height, int channels = 3, int bits = 8, unsigned seed = 1) {
  Image image(width, height, channels, bits);
  std::mt19937 random(seed);
  size_t i = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c, ++i) {
        const double wave =
            std::sin(x * 0.11 + c) + std::cos(y * 0.07 - 2 * c) + std::sin((x + y) * 0.5 * (c + 1)) * 0.2;
        const double unit = 0.5 + wave * 0.2 + (random() % 1000 - 500.0) * 2e-5;
        const auto sample = static_cast<uint16_t>(unit * (bits == 16 ? 65535 : 255));
        if (bits == 8) {
          image.pixels[i] = static_cast<uint8_t>(sample);
        } else {
          std::memcpy(image.pixels.data() + 2 * i, &sample, 2);
        }
      }
    }
  }
  return image;
}

inline bool SameImage(const Image& a, const Image& b) {
  return a.width == b.width && a.height == b.height && a.channels == b.channels && a.bits == b.bits &&
         a.pixels == b.pixels;
}

/// Folder of photographs that are not in the repository.
inline std::string TestData() {
  const char* folder = std::getenv("AECOMP_TEST_DATA");
  return folder != nullptr ? folder : std::string(AECOMP_SOURCE_DIR) + "/../shared/data";
}

}  // namespace aecomp
