// Pixels in memory: interleaved rows, no padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aecomp {

/// An 8- or 16-bit image. Move-only: a copy is asked for by name.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;             ///< 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA
  int bits = 8;                 ///< bits per sample, 8 or 16 (16: native-endian uint16_t)
  std::vector<uint8_t> pixels;  ///< [height, width, channels] samples of bits/8 bytes

  Image() = default;
  Image(int w, int h, int c, int b = 8) : width(w), height(h), channels(c), bits(b), pixels(ByteSize(w, h, c, b)) {}
  Image(Image&&) = default;
  Image& operator=(Image&&) = default;
  Image Clone() const {
    Image copy;
    copy.width = width, copy.height = height, copy.channels = channels, copy.bits = bits, copy.pixels = pixels;
    return copy;
  }
  static size_t ByteSize(int w, int h, int c, int b) {
    return static_cast<size_t>(w) * static_cast<size_t>(h) * static_cast<size_t>(c) * static_cast<size_t>(b / 8);
  }
  const uint8_t* Row(int y) const { return pixels.data() + ByteSize(width, y, channels, bits); }
  uint8_t* Row(int y) { return pixels.data() + ByteSize(width, y, channels, bits); }
};

}  // namespace aecomp
