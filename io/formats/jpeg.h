// Facts about a JPEG file without decoding it.
#pragma once

#include <cstdint>
#include <span>

namespace aecomp {

inline bool LooksLikeJpeg(std::span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

/// True when the segments and scans lead to an end-of-image marker. Decoders only warn when it is missing and return
/// gray where the data end. What follows the marker does not matter; that of an embedded thumbnail does not count.
bool JpegIsComplete(std::span<const uint8_t> bytes);

/// Colour components that the frame header declares: 1 gray, 3 colour, 4 CMYK or YCCK. 0 when there is none.
int JpegComponents(std::span<const uint8_t> bytes);

}  // namespace aecomp
