// Boxes of JPEG 2000 files (ISO/IEC 15444-1, annex I).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "io/formats/png_chunks.h"

namespace aecomp {

/// Calls f(type, content) for each box; false when one does not fit.
template <class F>
bool ForEachJp2Box(std::span<const uint8_t> bytes, F f) {
  while (bytes.size() >= 8) {
    uint64_t length = ReadBigEndian(bytes, 0);
    size_t header = 8;
    if (length == 1) {  // a length of 8 bytes follows the type
      if (bytes.size() < 16) return false;
      length = uint64_t{ReadBigEndian(bytes, 8)} << 32 | ReadBigEndian(bytes, 12);
      header = 16;
    }
    if (length == 0) length = bytes.size();
    if (length < header || length > bytes.size()) return false;
    const std::string type(bytes.begin() + 4, bytes.begin() + 8);
    f(type, bytes.subspan(header, static_cast<size_t>(length) - header));
    bytes = bytes.subspan(static_cast<size_t>(length));
  }
  return bytes.empty();
}

}  // namespace aecomp
