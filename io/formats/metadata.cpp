#include "io/formats/metadata.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "io/deflate.h"
#include "io/formats/jpeg.h"
#include "io/formats/png.h"
#include "io/formats/png_chunks.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr size_t kMaxPiece = 16 << 20;
constexpr int kEffort = 9;  // of compressing a piece
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

uint32_t LittleEndian(View b, size_t at) {
  return uint32_t{b[at + 3]} << 24 | uint32_t{b[at + 2]} << 16 | uint32_t{b[at + 1]} << 8 | b[at];
}

// PNG (PNG specification: iCCP 11.3.2.3, iTXt 11.3.3.4, eXIf 11.3.5.3).

void ReadInternationalText(View content, Metadata& m) {
  if (!StartsWith(content, kPngXmp) || content.size() < kPngXmp.size() + 5) return;
  const bool compressed = content[kPngXmp.size() + 1] == 1;
  size_t at = kPngXmp.size() + 3;
  for (int field = 0; field < 2; ++field) {  // language and translated keyword
    while (at < content.size() && content[at] != 0) ++at;
    ++at;
  }
  if (at > content.size()) return;
  if (compressed) return static_cast<void>(Inflate(content.subspan(at), kMaxPiece, m.xmp));
  m.xmp = Copy(content.subspan(at));
}

constexpr std::string_view kTextTypes = "tEXt zTXt iTXt", kColourTypes = "gAMA cHRM sRGB cICP mDCV cLLI pHYs";

bool IsOneOf(std::string_view type, std::string_view types) {
  const size_t at = types.find(type);
  return at != types.npos && at % 5 == 0;
}

void ReadPng(View file, Metadata& m) {
  ForEachPngChunk(file, 8, [&](const PngChunk& chunk) {
    const View content = chunk.content;
    const bool xmp = chunk.type == "iTXt" && StartsWith(content, kPngXmp);
    if (chunk.type == "eXIf") m.exif = Copy(content);
    if (xmp) ReadInternationalText(content, m);
    if (!xmp && IsOneOf(chunk.type, kTextTypes)) Append(m.png_text, chunk.whole);
    if (IsOneOf(chunk.type, kColourTypes)) Append(m.png_colour, chunk.whole);
    if (chunk.type == "iCCP") {
      const size_t name = static_cast<size_t>(std::find(content.begin(), content.end(), 0) - content.begin());
      if (name + 2 < content.size()) Inflate(content.subspan(name + 2), kMaxPiece, m.icc);
    }
  });
}

/// Nothing but chunks of these types, each with its checksum: what came out of a PNG once.
bool AreChunksOf(View bytes, std::string_view types) {
  bool sound = true;
  const bool complete = ForEachPngChunk(
      bytes, 0, [&](const PngChunk& chunk) { sound = sound && IsOneOf(chunk.type, types) && chunk.IsSound(); });
  return complete && sound;
}

Bytes PngChunks(const Metadata& m) {
  Bytes chunks = m.png_colour, content;
  if (!m.icc.empty()) {
    Append(content, std::string_view("icc\0\0", 5));
    Append(content, Deflate(m.icc, kEffort));
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
  Append(chunks, m.png_text);
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

// TIFF: a directory of tagged fields (TIFF 6.0, section 2). EXIF is one as well.

/// Where the value of a field, or its offset, lies in a TIFF structure, and how; at 0: nowhere.
struct TagPlace {
  size_t at = 0;
  bool big_endian = false;
};

TagPlace FindTag(View tiff, int tag) {
  if (tiff.size() < 8) return {};
  const bool big = tiff[0] == 'M' && tiff[1] == 'M';
  if (!big && !(tiff[0] == 'I' && tiff[1] == 'I')) return {};
  const auto u16 = [&](size_t i) { return big ? tiff[i] << 8 | tiff[i + 1] : tiff[i + 1] << 8 | tiff[i]; };
  const size_t directory = big ? ReadBigEndian(tiff, 4) : LittleEndian(tiff, 4);
  if (directory > tiff.size() - 2) return {};
  const size_t entries = static_cast<size_t>(u16(directory));
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) return {};
    if (u16(entry) == tag) return {entry + 8, big};
  }
  return {};
}

TagPlace FindOrientation(View exif) { return FindTag(exif, 0x0112); }

bool LooksLikeTiff(View file) {
  return StartsWith(file, std::string_view("II*\0", 4)) || StartsWith(file, std::string_view("MM\0*", 4));
}

/// The bytes of a field that are too many to lie in the directory.
Bytes TiffBytes(View file, int tag) {
  const TagPlace place = FindTag(file, tag);
  if (place.at == 0) return {};
  const auto u32 = [&](size_t i) { return place.big_endian ? ReadBigEndian(file, i) : LittleEndian(file, i); };
  const size_t count = u32(place.at - 4), offset = u32(place.at);
  if (count <= 4 || offset > file.size() || count > file.size() - offset) return {};
  return Copy(file.subspan(offset, count));
}

void ReadTiff(View file, Metadata& m) {
  m.icc = TiffBytes(file, 34675);
  m.xmp = TiffBytes(file, 700);
}

/// The pieces with the types of their chunks.
struct Piece {
  std::array<char, 4> type;
  Bytes Metadata::*bytes;
};
constexpr Piece kPieces[] = {{{'i', 'c', 'c', 'p'}, &Metadata::icc},
                             {{'e', 'x', 'i', 'f'}, &Metadata::exif},
                             {{'x', 'm', 'p', 'd'}, &Metadata::xmp},
                             {{'t', 'e', 'x', 't'}, &Metadata::png_text},
                             {{'p', 'n', 'g', 'c'}, &Metadata::png_colour}};

}  // namespace

Metadata ReadMetadata(View file) {
  Metadata m;
  if (LooksLikePng(file)) ReadPng(file, m);
  if (LooksLikeJpeg(file)) ReadJpeg(file, m);
  if (LooksLikeWebp(file)) ReadWebp(file, m);
  if (LooksLikeTiff(file)) ReadTiff(file, m);
  for (const auto& [type, piece] : kPieces) {
    if ((m.*piece).size() > kMaxPiece) (m.*piece).clear();
  }
  return m;
}

bool Metadata::empty() const {
  return icc.empty() && exif.empty() && xmp.empty() && png_text.empty() && png_colour.empty();
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
  const auto note = [&](const char* text) {
    if (notes != nullptr) notes->push_back(text);
  };
  if (LooksLikePng(file)) {
    insert(kPngHeaderEnd, PngChunks(metadata));
  } else if (LooksLikeJpeg(file)) {
    insert(AfterJfif(file), JpegSegments(metadata, notes));
    if (!metadata.png_text.empty()) note("PNG text left out: only PNG keeps it");
    if (!metadata.png_colour.empty()) note("PNG's gamma and colour chunks left out: only PNG keeps them");
  } else {
    if (!metadata.icc.empty()) note("ICC profile left out: only PNG and JPEG keep it here");
    if (!metadata.exif.empty()) note("EXIF left out: only PNG and JPEG keep it here");
    if (!metadata.xmp.empty()) note("XMP left out: only PNG and JPEG keep it here");
    if (!metadata.png_text.empty()) note("PNG text left out: only PNG keeps it");
  }
  return file;
}

std::vector<ExtraChunk> MetadataChunks(const Metadata& metadata) {
  std::vector<ExtraChunk> chunks;
  for (const auto& [type, piece] : kPieces) {
    if (!(metadata.*piece).empty()) chunks.push_back({type, Deflate(metadata.*piece, kEffort)});
  }
  return chunks;
}

Result<Metadata> MetadataFromChunks(const std::vector<ExtraChunk>& chunks, const std::string& name) {
  Metadata m;
  for (const ExtraChunk& chunk : chunks) {
    for (const auto& [type, piece] : kPieces) {
      if (chunk.type != type) continue;
      (m.*piece).clear();
      if (!Inflate(chunk.payload, kMaxPiece, m.*piece)) {
        return CorruptError(name + ": corrupt: its " + std::string(chunk.type.begin(), chunk.type.end()) +
                            " chunk cannot be unpacked; --metadata none decodes the picture without it");
      }
    }
  }
  if (!AreChunksOf(m.png_text, kTextTypes) || !AreChunksOf(m.png_colour, kColourTypes)) {
    return CorruptError(name + ": corrupt: its PNG chunks are none; --metadata none decodes the picture without them");
  }
  return m;
}

}  // namespace aecomp
