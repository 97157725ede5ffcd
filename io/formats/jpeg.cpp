#include "io/formats/jpeg.h"

#include <cstddef>

namespace aecomp {
namespace {

constexpr uint8_t kEndOfImage = 0xd9;

/// Markers that stand alone, without a length: TEM and the restart markers.
bool HasNoLength(uint8_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); }

/// First position at or after `i` of a marker that is no part of entropy-coded data; bytes.size() without one.
size_t FindMarker(std::span<const uint8_t> bytes, size_t i) {
  for (; i + 1 < bytes.size(); ++i) {
    const uint8_t next = bytes[i + 1];
    const bool restart = next >= 0xd0 && next <= 0xd7;
    if (bytes[i] == 0xff && next != 0 && next != 0xff && !restart) return i;
  }
  return bytes.size();
}

}  // namespace

bool JpegIsComplete(std::span<const uint8_t> bytes) {
  if (!LooksLikeJpeg(bytes)) return false;
  size_t i = FindMarker(bytes, 2);
  while (i + 1 < bytes.size()) {
    const uint8_t marker = bytes[i + 1];
    i += 2;
    if (marker == kEndOfImage) return true;
    if (!HasNoLength(marker)) {
      if (i + 2 > bytes.size()) return false;
      i += static_cast<size_t>(bytes[i] << 8 | bytes[i + 1]);
    }
    // After a scan's header come its data; elsewhere a decoder, too, skips what is no marker.
    i = FindMarker(bytes, i);
  }
  return false;
}

int JpegComponents(std::span<const uint8_t> bytes) {
  if (!LooksLikeJpeg(bytes)) return 0;
  for (size_t i = FindMarker(bytes, 2); i + 9 < bytes.size();) {
    const uint8_t marker = bytes[i + 1];
    // Frame headers are c0 to cf, but for Huffman tables, a reserved one and arithmetic conditioning.
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return bytes[i + 9];
    const size_t length = HasNoLength(marker) ? 0 : static_cast<size_t>(bytes[i + 2] << 8 | bytes[i + 3]);
    i = FindMarker(bytes, i + 2 + length);
  }
  return 0;
}

}  // namespace aecomp
