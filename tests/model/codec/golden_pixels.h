// What the tests of golden files share: how their pictures are made, and what their pixels are compared by.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "io/hash.h"
#include "io/image.h"

namespace aecomp {

/// 16 bits per sample of a picture that has 8, with some variation below the eighth bit.
inline Image Deepened(const Image& narrow) {
  Image image(narrow.width, narrow.height, narrow.channels, 16);
  for (size_t i = 0; i < narrow.pixels.size(); ++i) {
    const auto sample = static_cast<uint16_t>(200 + narrow.pixels[i] * 200 + i % 97);
    std::memcpy(image.pixels.data() + 2 * i, &sample, 2);
  }
  return image;
}

/// The XXH3 128-bit hash of all samples, 32 hexadecimal digits.
inline std::string PixelHash(const Image& image) {
  std::string text;
  for (const uint8_t byte : Hash128(image.pixels)) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[byte >> 4], text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace aecomp
