// Files of every format, put together from pieces: for tests of metadata, which need no pixels.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "io/deflate.h"
#include "io/formats/png_chunks.h"

namespace aecomp {

using Bytes = std::vector<uint8_t>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes ToBytes(const std::string& text) { return {text.begin(), text.end()}; }

/// A C string literal with the zeros in it.
template <size_t kSize>
std::string Text(const char (&literal)[kSize]) {
  return {literal, kSize - 1};
}

inline Bytes RandomBytes(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  return bytes;
}

/// An ICC profile: its header, then bytes of no meaning. space: "RGB ", "GRAY", "CMYK", ...
inline Bytes Profile(const std::string& space, size_t size = 400) {
  Bytes profile = RandomBytes(size, 7);
  for (int i = 0; i < 4; ++i) profile[static_cast<size_t>(i)] = static_cast<uint8_t>(size >> (24 - 8 * i));
  std::copy(space.begin(), space.end(), profile.begin() + 16);
  const std::string signature = "acsp";
  std::copy(signature.begin(), signature.end(), profile.begin() + 36);
  return profile;
}

inline Bytes Png(const std::vector<std::pair<std::string, Bytes>>& chunks) {
  Bytes file(kPngSignature.begin(), kPngSignature.end());
  for (const auto& [type, content] : chunks) AppendPngChunk(file, type, content);
  return file;
}

inline Bytes Segment(uint8_t marker, const std::string& label, const Bytes& content = {}) {
  const size_t length = 2 + label.size() + content.size();
  return Bytes{0xff, marker, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)} + ToBytes(label) +
         content;
}

/// No scan, but an end.
inline Bytes Jpeg(const Bytes& segments) { return Bytes{0xff, 0xd8} + segments + Bytes{0xff, 0xd9}; }

inline Bytes Little(uint64_t value, int bytes) {
  Bytes out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return out;
}

inline Bytes Big(uint64_t value, int bytes) {
  Bytes out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return out;
}

/// A RIFF or WebP chunk.
inline Bytes RiffChunk(const std::string& type, Bytes content) {
  const Bytes length = Little(content.size(), 4);
  if (content.size() % 2 == 1) content.push_back(0);
  return ToBytes(type) + length + content;
}

inline Bytes Webp(const Bytes& chunks) { return RiffChunk("RIFF", ToBytes("WEBP") + chunks); }

inline Bytes Box(const std::string& type, const Bytes& content) {
  return Big(content.size() + 8, 4) + ToBytes(type) + content;
}

struct Field {
  int tag, type;
  uint64_t count;
  Bytes value;
};

/// A TIFF of one directory, little-endian, or big-endian where said; wide: a BigTIFF. Values are in the file's order.
inline Bytes Tiff(const std::vector<Field>& fields, bool wide = false, bool big = false) {
  const auto number = [&](uint64_t value, int bytes) { return big ? Big(value, bytes) : Little(value, bytes); };
  const int offset = wide ? 8 : 4;
  Bytes file = ToBytes(big ? "MM" : "II") + number(wide ? 43 : 42, 2);
  if (wide) file = file + number(8, 2) + number(0, 2);
  file = file + number(wide ? 16 : 8, offset) + number(fields.size(), wide ? 8 : 2);
  size_t at = file.size() + fields.size() * (wide ? 20 : 12) + static_cast<size_t>(offset);
  Bytes values;
  for (const Field& field : fields) {
    file = file + number(static_cast<uint64_t>(field.tag), 2) + number(static_cast<uint64_t>(field.type), 2) +
           number(field.count, offset);
    if (field.value.size() <= static_cast<size_t>(offset)) {
      Bytes inside = field.value;
      inside.resize(static_cast<size_t>(offset));
      file = file + inside;
    } else {
      file = file + number(at + values.size(), offset);
      values = values + field.value;
    }
  }
  return file + number(0, offset) + values;
}

}  // namespace aecomp
