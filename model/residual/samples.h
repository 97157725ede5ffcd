// The samples of a tile as the residual layer codes them: up to 16 bits each, one or three channels, green first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/image.h"

namespace aecomp::residual {

struct Samples {
  int width = 0, height = 0, channels = 0;
  std::array<int32_t, 3> maximum{};  ///< of each channel
  std::vector<uint16_t> values;      ///< [height, width, channels]

  const uint16_t* Row(int y) const { return values.data() + RowAt(y); }
  uint16_t* Row(int y) { return values.data() + RowAt(y); }

 private:
  size_t RowAt(int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(width) * static_cast<size_t>(channels);
  }
};

/// Size and maxima of an image's samples, without values.
Samples ShapeOf(const Image& image);
/// The samples of an image of 8 or 16 bits, gray or RGB; green first.
Samples SamplesOf(const Image& image);
/// The reverse: `image` has the size, depth and channels already.
void ToPixels(const Samples& samples, Image& image);

}  // namespace aecomp::residual
