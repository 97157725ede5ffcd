// A part of an image.
#pragma once

#include <algorithm>
#include <cstdint>

#include "io/image.h"

namespace aecomp {

/// In pixels; (x, y) is its upper left one.
struct Region {
  int64_t x = 0, y = 0, width = 0, height = 0;

  bool LiesWithin(int64_t image_width, int64_t image_height) const {
    return x >= 0 && y >= 0 && width >= 1 && height >= 1 && x <= image_width - width && y <= image_height - height;
  }
};

/// region: within the image.
inline Image Crop(const Image& image, const Region& region) {
  Image part(static_cast<int>(region.width), static_cast<int>(region.height), image.channels, image.bits);
  const size_t left = Image::ByteSize(static_cast<int>(region.x), 1, image.channels, image.bits);
  for (int i = 0; i < part.height; ++i) {
    const uint8_t* from = image.Row(static_cast<int>(region.y) + i) + left;
    std::copy_n(from, Image::ByteSize(part.width, 1, part.channels, part.bits), part.Row(i));
  }
  return part;
}

}  // namespace aecomp
