#include "io/metadata.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "io/jpeg.h"
#include "io/png.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr size_t kMaxPiece = 16 << 20;
constexpr std::string_view kPngXmp = "XML:com.adobe.xmp";
constexpr std::string_view kJpegExif{"Exif\0\0", 6};
constexpr std::string_view kJpegXmp{"http://ns.adobe.com/xap/1.0/\0", 29};
constexpr std::string_view kJpegIcc{"ICC_PROFILE\0", 12};
constexpr size_t kMaxSegment = 65533;  // of a JPEG marker, without its length

bool StartsWith(View bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() && std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0;
}
Bytes Copy(View bytes) { return {bytes.begin(), bytes.end()}; }
void Append(Bytes& to, View bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
void Append(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

uint32_t BigEndian(View b, size_t at) {
  return uint32_t{b[at]} << 24 | uint32_t{b[at + 1]} << 16 | uint32_t{b[at + 2]} << 8 | b[at + 3];
}
uint32_t LittleEndian(View b, size_t at) {
  return uint32_t{b[at + 3]} << 24 | uint32_t{b[at + 2]} << 16 | uint32_t{b[at + 1]} << 8 | b[at];
}
void AppendBigEndian(Bytes& to, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<uint8_t>(v >> shift));
}

/// A zlib stream (RFC 1950); false when it is damaged or longer than kMaxPiece.
bool Inflate(View compressed, Bytes& result) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) return false;
  z.next_in = const_cast<Bytef*>(compressed.data());
  z.avail_in = static_cast<uInt>(std::min<size_t>(compressed.size(), UINT32_MAX));
  int status = Z_OK;
  while (status == Z_OK && result.size() <= kMaxPiece) {
    uint8_t block[1 << 14];
    z.next_out = block, z.avail_out = sizeof block;
    status = inflate(&z, Z_NO_FLUSH);
    result.insert(result.end(), block, block + (sizeof block - z.avail_out));
    if (z.avail_out != 0 && status == Z_OK) break;  // it ends too early
  }
  inflateEnd(&z);
  return status == Z_STREAM_END && result.size() <= kMaxPiece;
}

Bytes Deflate(View bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  Bytes result(size);
  compress2(result.data(), &size, bytes.data(), static_cast<uLong>(bytes.size()), 9);
  result.resize(size);
  return result;
}

void InflateInto(View compressed, Bytes& to) {
  Bytes plain;
  if (Inflate(compressed, plain)) to = std::move(plain);
}

// PNG: chunks of length, type, content, CRC (PNG specification, 5.3; iCCP 11.3.2.3, iTXt 11.3.3.4, eXIf 11.3.5.3).

void ReadInternationalText(View content, Metadata& m) {
  if (!StartsWith(content, kPngXmp) || content.size() < kPngXmp.size() + 5) return;
  const bool compressed = content[kPngXmp.size() + 1] == 1;
  size_t at = kPngXmp.size() + 3;
  for (int field = 0; field < 2; ++field) {  // language and translated keyword
    while (at < content.size() && content[at] != 0) ++at;
    ++at;
  }
  if (at > content.size()) return;
  if (compressed) return InflateInto(content.subspan(at), m.xmp);
  m.xmp = Copy(content.subspan(at));
}

void ReadPng(View file, Metadata& m) {
  for (size_t at = 8; at + 12 <= file.size();) {
    const size_t length = BigEndian(file, at);
    if (length > file.size() - at - 12) return;
    const View type = file.subspan(at + 4, 4), content = file.subspan(at + 8, length);
    if (StartsWith(type, "eXIf")) m.exif = Copy(content);
    if (StartsWith(type, "iTXt")) ReadInternationalText(content, m);
    if (StartsWith(type, "iCCP")) {
      const size_t name = static_cast<size_t>(std::find(content.begin(), content.end(), 0) - content.begin());
      if (name + 2 < content.size()) InflateInto(content.subspan(name + 2), m.icc);
    }
    at += length + 12;
  }
}

void AppendPngChunk(Bytes& to, std::string_view type, View content) {
  AppendBigEndian(to, static_cast<uint32_t>(content.size()));
  const size_t begin = to.size();
  Append(to, type);
  Append(to, content);
  AppendBigEndian(to, static_cast<uint32_t>(crc32(0, to.data() + begin, static_cast<uInt>(to.size() - begin))));
}

Bytes PngChunks(const Metadata& m) {
  Bytes chunks, content;
  if (!m.icc.empty()) {
    Append(content, std::string_view("icc\0\0", 5));
    Append(content, Deflate(m.icc));
    AppendPngChunk(chunks, "iCCP", content);
  }
  if (!m.exif.empty()) AppendPngChunk(chunks, "eXIf", m.exif);
  if (!m.xmp.empty()) {
    content.clear();
    Append(content, kPngXmp);
    content.insert(content.end(), 5, 0);  // end of keyword, not compressed, method, no language, no translation
    Append(content, m.xmp);
    AppendPngChunk(chunks, "iTXt", content);
  }
  return chunks;
}

// JPEG: application segments before the first scan (EXIF 2.3, 4.7.2; XMP part 3, 1.1.3; ICC.1:2022, B.4).

void ReadJpeg(View file, Metadata& m) {
  std::map<int, View> profile;
  int parts = 0;
  for (size_t at = 2; at + 4 <= file.size() && file[at] == 0xff;) {
    const uint8_t marker = file[at + 1];
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0xda || marker == 0xd9) break;
    const size_t length = size_t{file[at + 2]} << 8 | file[at + 3];
    if (length < 2 || length > file.size() - at - 2) return;
    const View content = file.subspan(at + 4, length - 2);
    if (marker == 0xe1 && StartsWith(content, kJpegExif)) m.exif = Copy(content.subspan(kJpegExif.size()));
    if (marker == 0xe1 && StartsWith(content, kJpegXmp)) m.xmp = Copy(content.subspan(kJpegXmp.size()));
    if (marker == 0xe2 && StartsWith(content, kJpegIcc) && content.size() > kJpegIcc.size() + 2) {
      profile[content[kJpegIcc.size()]] = content.subspan(kJpegIcc.size() + 2);
      parts = content[kJpegIcc.size() + 1];
    }
    at += length + 2;
  }
  if (parts == 0 || profile.size() != static_cast<size_t>(parts) || profile.rbegin()->first != parts) return;
  for (const auto& [number, part] : profile) Append(m.icc, part);
}

void AppendSegment(Bytes& to, uint8_t marker, std::string_view label, View content) {
  const size_t length = label.size() + content.size() + 2;
  to.insert(to.end(), {0xff, marker, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
  Append(to, label);
  Append(to, content);
}

Bytes JpegSegments(const Metadata& m, std::vector<std::string>* notes) {
  Bytes segments;
  const auto fits = [&](const Bytes& piece, std::string_view label, const char* what) {
    if (piece.empty()) return false;
    const bool yes = piece.size() <= kMaxSegment - label.size();
    if (!yes && notes != nullptr) notes->push_back(std::string(what) + " left out: too long for JPEG");
    return yes;
  };
  if (fits(m.exif, kJpegExif, "EXIF")) AppendSegment(segments, 0xe1, kJpegExif, m.exif);
  if (fits(m.xmp, kJpegXmp, "XMP")) AppendSegment(segments, 0xe1, kJpegXmp, m.xmp);
  const size_t part = kMaxSegment - kJpegIcc.size() - 2, parts = (m.icc.size() + part - 1) / part;
  if (parts > 255) {
    if (notes != nullptr) notes->push_back("ICC profile left out: too long for JPEG");
    return segments;
  }
  for (size_t i = 0; i < parts; ++i) {
    std::string label(kJpegIcc);
    label += {static_cast<char>(i + 1), static_cast<char>(parts)};
    AppendSegment(segments, 0xe2, label, View(m.icc).subspan(i * part, std::min(part, m.icc.size() - i * part)));
  }
  return segments;
}

/// After the JFIF segment, which has to be the first.
size_t AfterJfif(View file) {
  if (file.size() < 6 || file[2] != 0xff || file[3] != 0xe0) return 2;
  return std::min(file.size(), size_t{4} + (size_t{file[4]} << 8 | file[5]));
}

// WebP: RIFF chunks, padded to even lengths (WebP container specification).

bool LooksLikeWebp(View file) {
  return StartsWith(file, "RIFF") && file.size() >= 12 && StartsWith(file.subspan(8), "WEBP");
}

void ReadWebp(View file, Metadata& m) {
  for (size_t at = 12; at + 8 <= file.size();) {
    const size_t length = LittleEndian(file, at + 4);
    if (length > file.size() - at - 8) return;
    const View type = file.subspan(at, 4), content = file.subspan(at + 8, length);
    if (StartsWith(type, "ICCP")) m.icc = Copy(content);
    if (StartsWith(type, "XMP ")) m.xmp = Copy(content);
    // Some writers keep JPEG's label.
    if (StartsWith(type, "EXIF")) m.exif = Copy(content.subspan(StartsWith(content, kJpegExif) ? kJpegExif.size() : 0));
    at += 8 + length + (length & 1);
  }
}

/// Where the two bytes of the orientation lie in a TIFF structure, and how; at 0: nowhere.
struct TagPlace {
  size_t at = 0;
  bool big_endian = false;
};

TagPlace FindOrientation(View exif) {
  if (exif.size() < 8) return {};
  const bool big = exif[0] == 'M' && exif[1] == 'M';
  if (!big && !(exif[0] == 'I' && exif[1] == 'I')) return {};
  const auto u16 = [&](size_t i) { return big ? exif[i] << 8 | exif[i + 1] : exif[i + 1] << 8 | exif[i]; };
  const size_t directory = big ? BigEndian(exif, 4) : LittleEndian(exif, 4);
  if (directory > exif.size() - 2) return {};
  const size_t entries = static_cast<size_t>(u16(directory));
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > exif.size()) return {};
    if (u16(entry) == 0x0112 && u16(entry + 2) == 3) return {entry + 8, big};  // a SHORT
  }
  return {};
}

constexpr std::array<char, 4> kIccType = {'i', 'c', 'c', 'p'}, kExifType = {'e', 'x', 'i', 'f'},
                              kXmpType = {'x', 'm', 'p', 'd'};

}  // namespace

Metadata ReadMetadata(View file) {
  Metadata m;
  if (LooksLikePng(file)) ReadPng(file, m);
  if (LooksLikeJpeg(file)) ReadJpeg(file, m);
  if (LooksLikeWebp(file)) ReadWebp(file, m);
  for (Bytes* piece : {&m.icc, &m.exif, &m.xmp}) {
    if (piece->size() > kMaxPiece) piece->clear();
  }
  return m;
}

int ExifOrientation(View exif) {
  const TagPlace tag = FindOrientation(exif);
  if (tag.at == 0) return 1;
  const int value = tag.big_endian ? exif[tag.at] << 8 | exif[tag.at + 1] : exif[tag.at + 1] << 8 | exif[tag.at];
  return value >= 1 && value <= 8 ? value : 1;
}

void ResetExifOrientation(std::span<uint8_t> exif) {
  const TagPlace tag = FindOrientation(exif);
  if (tag.at == 0) return;
  exif[tag.at] = tag.big_endian ? 0 : 1;
  exif[tag.at + 1] = tag.big_endian ? 1 : 0;
}

// EXIF 2.3, 4.6.4: 2 to 4 keep rows as rows; 5 to 8 turn them into columns.
Image Oriented(const Image& image, int orientation) {
  const bool turned = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out(turned ? image.height : image.width, turned ? image.width : image.height, image.channels, image.bits);
  const size_t pixel = Image::ByteSize(1, 1, image.channels, image.bits);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const int column = turned ? y : x, row = turned ? x : y;
      const uint8_t* from = image.Row(from_bottom ? image.height - 1 - row : row) +
                            static_cast<size_t>(from_right ? image.width - 1 - column : column) * pixel;
      std::memcpy(out.Row(y) + static_cast<size_t>(x) * pixel, from, pixel);
    }
  }
  return out;
}

std::vector<uint8_t> EmbedMetadata(Bytes file, const Metadata& metadata, std::vector<std::string>* notes) {
  constexpr size_t kPngHeaderEnd = 8 + 25;
  const auto insert = [&](size_t at, const Bytes& piece) {
    file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
  };
  if (LooksLikePng(file)) {
    insert(kPngHeaderEnd, PngChunks(metadata));
  } else if (LooksLikeJpeg(file)) {
    insert(AfterJfif(file), JpegSegments(metadata, notes));
  } else if (notes != nullptr) {
    if (!metadata.icc.empty()) notes->push_back("ICC profile left out: only PNG and JPEG keep it here");
    if (!metadata.exif.empty()) notes->push_back("EXIF left out: only PNG and JPEG keep it here");
    if (!metadata.xmp.empty()) notes->push_back("XMP left out: only PNG and JPEG keep it here");
  }
  return file;
}

std::vector<ExtraChunk> MetadataChunks(const Metadata& metadata) {
  std::vector<ExtraChunk> chunks;
  const auto add = [&](const std::array<char, 4>& type, const Bytes& piece) {
    if (!piece.empty()) chunks.push_back({type, Deflate(piece)});
  };
  add(kIccType, metadata.icc), add(kExifType, metadata.exif), add(kXmpType, metadata.xmp);
  return chunks;
}

Result<Metadata> MetadataFromChunks(const std::vector<ExtraChunk>& chunks, const std::string& name) {
  Metadata m;
  for (const ExtraChunk& chunk : chunks) {
    Bytes* to = chunk.type == kIccType    ? &m.icc
                : chunk.type == kExifType ? &m.exif
                : chunk.type == kXmpType  ? &m.xmp
                                          : nullptr;
    if (to == nullptr) continue;
    if (!Inflate(chunk.payload, *to)) {
      return CorruptError(name + ": corrupt: its " + std::string(chunk.type.begin(), chunk.type.end()) +
                          " chunk cannot be unpacked; --metadata none decodes the picture without it");
    }
  }
  return m;
}

}  // namespace aecomp
