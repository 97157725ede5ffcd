// Chunks of PNG files: length, type, content, CRC (PNG specification, 5.3).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "io/deflate.h"

namespace aecomp {

inline constexpr std::array<uint8_t, 8> kPngSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

inline uint32_t ReadBigEndian(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

inline void AppendBigEndian(std::vector<uint8_t>& to, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<uint8_t>(value >> shift));
}

struct PngChunk {
  std::string_view type;
  std::span<const uint8_t> content, whole;

  bool IsSound() const { return Crc32(whole.subspan(4, content.size() + 4)) == ReadBigEndian(whole, whole.size() - 4); }
};

/// Calls f for every chunk from `at` on; false when the bytes do not end with one.
template <class F>
bool ForEachPngChunk(std::span<const uint8_t> bytes, size_t at, F f) {
  while (at < bytes.size()) {
    if (bytes.size() - at < 12 || ReadBigEndian(bytes, at) > bytes.size() - at - 12) return false;
    const size_t length = ReadBigEndian(bytes, at);
    f(PngChunk{{reinterpret_cast<const char*>(bytes.data()) + at + 4, 4},
               bytes.subspan(at + 8, length),
               bytes.subspan(at, length + 12)});
    at += length + 12;
  }
  return true;
}

inline void AppendPngChunk(std::vector<uint8_t>& to, std::string_view type, std::span<const uint8_t> content) {
  AppendBigEndian(to, static_cast<uint32_t>(content.size()));
  const size_t begin = to.size();
  to.insert(to.end(), type.begin(), type.end());
  to.insert(to.end(), content.begin(), content.end());
  AppendBigEndian(to, Crc32(std::span(to).subspan(begin)));
}

}  // namespace aecomp
