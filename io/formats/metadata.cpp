// Own code: of the libraries that Debian 12 packages, Exiv2 is under the GPL and this program under the MIT licence,
// and libexif and exempi each read one kind of metadata only.
#include "io/formats/metadata.h"

#include <algorithm>
#include <string_view>

#include "io/deflate.h"
#include "io/formats/icc.h"
#include "io/formats/jpeg.h"
#include "io/formats/jpeg_metadata.h"
#include "io/formats/metadata_readers.h"
#include "io/formats/png.h"
#include "io/formats/png_metadata.h"
#include "io/formats/pnm.h"
#include "io/formats/tiff_embedding.h"
#include "io/formats/tiff_fields.h"

namespace aecomp {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr int kEffort = 9;  // of compressing a piece

/// The pieces that are zlib streams, with the types of their chunks.
struct Piece {
  std::array<char, 4> type;
  Bytes Metadata::*bytes;
};
constexpr Piece kPieces[] = {{{'i', 'c', 'c', 'p'}, &Metadata::icc},
                             {{'e', 'x', 'i', 'f'}, &Metadata::exif},
                             {{'x', 'm', 'p', 'd'}, &Metadata::xmp},
                             {{'t', 'e', 'x', 't'}, &Metadata::png_text},
                             {{'p', 'n', 'g', 'c'}, &Metadata::png_colour}};
constexpr std::array<char, 4> kResolutionType = {'r', 'e', 's', 'o'};

Status Corrupt(const std::string& name, const std::array<char, 4>& type, const char* what) {
  return CorruptError(name + ": corrupt: its " + std::string(type.begin(), type.end()) + " chunk " + what +
                      "; --metadata none decodes the picture without it");
}

/// How many bytes a code point has that begins with this one (RFC 3629, section 3); 0: none begins so.
size_t Utf8Length(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/// Of formats that hold none of it here, but for the resolution, if so said.
void NameAll(const Metadata& m, bool holds_resolution, LeftOut& left_out) {
  if (!m.icc.empty()) left_out.Add("ICC profile", "only PNG, JPEG and TIFF keep it here");
  if (!m.exif.empty()) left_out.Add("EXIF", "only PNG and JPEG keep it here");
  if (!m.xmp.empty()) left_out.Add("XMP", "only PNG, JPEG and TIFF keep it here");
  if (!holds_resolution && m.AnyResolution()) left_out.Add("resolution", "only PNG, JPEG, TIFF and BMP keep it here");
}

/// What only PNG holds; pHYs is the resolution.
void NamePngOnly(const Metadata& m, LeftOut& left_out) {
  if (!m.png_text.empty()) left_out.Add("PNG text", "only PNG keeps it");
  std::string types;
  (void)ForEachPngChunk(m.png_colour, 0, [&](const PngChunk& chunk) {
    if (chunk.type != "pHYs") types += (types.empty() ? "" : ", ") + std::string(chunk.type);
  });
  if (!types.empty()) left_out.Add(types, "only PNG keeps it");
}

/// The chunks whose type `keeps` wants.
template <class F>
Bytes ChunksThat(View bytes, F keeps) {
  Bytes chunks;
  (void)ForEachPngChunk(bytes, 0, [&](const PngChunk& chunk) {
    if (keeps(chunk.type)) chunks.insert(chunks.end(), chunk.whole.begin(), chunk.whole.end());
  });
  return chunks;
}

}  // namespace

bool Metadata::empty() const {
  return icc.empty() && exif.empty() && xmp.empty() && png_text.empty() && png_colour.empty() && !resolution;
}

std::optional<Resolution> Metadata::AnyResolution() const {
  std::optional<Resolution> any = resolution;
  (void)ForEachPngChunk(png_colour, 0, [&](const PngChunk& chunk) {
    if (!any && chunk.type == "pHYs") any = FromPhys(chunk.content);
  });
  return any && any->SaysSomething() ? any : std::nullopt;
}

bool StartsWith(View bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                                                     [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

bool IsUtf8(View text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text[i]);
    if (length == 0 || length > text.size() - i) return false;
    for (size_t j = 1; j < length; ++j) {
      if ((text[i + j] & 0xc0) != 0x80) return false;
    }
    // Overlong spellings, surrogates and numbers above 0x10ffff.
    const bool bad = (text[i] == 0xe0 && text[i + 1] < 0xa0) || (text[i] == 0xed && text[i + 1] >= 0xa0) ||
                     (text[i] == 0xf0 && text[i + 1] < 0x90) || (text[i] == 0xf4 && text[i + 1] >= 0x90);
    if (bad) return false;
    i += length;
  }
  return true;
}

void Keep(Bytes& place, View piece, std::string_view name, LeftOut& left_out) {
  if (piece.empty()) return left_out.Add(name, "it is empty");
  if (piece.size() > kMaxMetadataPiece) return left_out.Add(name, "it is too long");
  if (place.empty()) {
    place.assign(piece.begin(), piece.end());
  } else if (!std::ranges::equal(place, piece)) {
    left_out.Add("second " + std::string(name));
  }
}

void KeepExif(Metadata& m, View piece, LeftOut& left_out) {
  if (StartsWith(piece, kJpegExifLabel)) piece = piece.subspan(kJpegExifLabel.size());
  if (!TiffFile::Open(piece)) return left_out.Add("EXIF", "it does not begin as EXIF does");
  Keep(m.exif, piece, "EXIF", left_out);
}

void KeepXmp(Metadata& m, View piece, LeftOut& left_out) {
  if (!IsUtf8(piece)) return left_out.Add("XMP", "it is not UTF-8");
  Keep(m.xmp, piece, "XMP", left_out);
}

void KeepResolution(Metadata& m, const Resolution& resolution) {
  if (resolution.SaysSomething()) m.resolution = resolution;
}

Metadata ReadMetadata(View file, LeftOut& left_out) {
  Metadata m;
  if (LooksLikePng(file)) {
    ReadPngMetadata(file, m, left_out);
  } else if (LooksLikeJpeg(file)) {
    ReadJpegMetadata(file, m, left_out);
  } else if (LooksLikeWebp(file)) {
    ReadWebpMetadata(file, m, left_out);
  } else if (TiffFile::Open(file)) {
    ReadTiffMetadata(file, m, left_out);
  } else if (HasBmpHeader(file)) {
    ReadBmpMetadata(file, m, left_out);
  } else if (LooksLikeJp2(file)) {
    ReadJp2Metadata(file, m, left_out);
  } else if (LooksLikePnm(file)) {
    ReadPnmMetadata(file, left_out);
  } else {
    left_out.Add("whatever this format carries beside pixels");
  }
  return m;
}

void FitMetadataToPixels(Metadata& m, int channels, LeftOut& left_out) {
  const std::string problem = IccProblem(m.icc, channels);
  if (problem.empty()) return;
  left_out.Add("ICC profile", problem);
  m.icc.clear();
}

void DropResolution(Metadata& m) {
  m.resolution.reset();
  m.png_colour = ChunksThat(m.png_colour, [](std::string_view type) { return type != "pHYs"; });
}

void SwapResolution(Metadata& m) {
  if (const auto turned = m.AnyResolution()) {
    DropResolution(m);
    m.resolution = Resolution{turned->unit, turned->y, turned->x};
  }
}

void DropPngColour(Metadata& m) {
  m.png_colour = ChunksThat(m.png_colour, [](std::string_view type) { return type == "pHYs"; });
}

Bytes EmbedMetadata(Bytes file, const Metadata& m, std::vector<std::string>* notes) {
  constexpr size_t kPngHeaderEnd = 8 + 25;
  LeftOut left_out;
  if (LooksLikePng(file)) {
    const Bytes chunks = PngChunksOf(m, left_out);
    file.insert(file.begin() + kPngHeaderEnd, chunks.begin(), chunks.end());
  } else if (LooksLikeJpeg(file)) {
    file = EmbedInJpeg(std::move(file), m, left_out);
    NamePngOnly(m, left_out);
  } else if (TiffFile::Open(file)) {
    file = EmbedInTiff(std::move(file), m, left_out);
    NamePngOnly(m, left_out);
  } else {
    const bool resolution = HasBmpHeader(file) && WriteBmpResolution(file, m);
    NameAll(m, resolution, left_out);
    NamePngOnly(m, left_out);
  }
  left_out.AppendTo(notes);
  return file;
}

std::vector<ExtraChunk> MetadataChunks(const Metadata& m) {
  std::vector<ExtraChunk> chunks;
  for (const auto& [type, piece] : kPieces) {
    if (!(m.*piece).empty()) chunks.push_back({type, Deflate(m.*piece, kEffort)});
  }
  if (m.resolution) chunks.push_back({kResolutionType, ToChunk(*m.resolution)});
  return chunks;
}

Result<Metadata> MetadataFromChunks(const std::vector<ExtraChunk>& chunks, const std::string& name,
                                    std::vector<std::string>* notes) {
  Metadata m;
  for (const ExtraChunk& chunk : chunks) {
    for (const auto& [type, piece] : kPieces) {
      if (chunk.type == type && !Inflate(chunk.payload, kMaxMetadataPiece, m.*piece)) {
        return Corrupt(name, type, "cannot be unpacked");
      }
    }
    if (chunk.type != kResolutionType) continue;
    m.resolution = ResolutionFromChunk(chunk.payload);
    if (!m.resolution) return Corrupt(name, chunk.type, "is no resolution");
  }
  LeftOut left_out;
  struct ChunkList {
    std::array<char, 4> type;
    Bytes& chunks;
    std::string_view types;
  };
  for (const auto& [type, list, types] : {ChunkList{{'t', 'e', 'x', 't'}, m.png_text, kPngTextTypes},
                                          ChunkList{{'p', 'n', 'g', 'c'}, m.png_colour, kPngColourTypes}}) {
    if (!ArePngChunksOf(list, types)) return Corrupt(name, type, "is not a valid sequence of PNG chunks");
    list = SoundPngChunks(list, left_out);
  }
  left_out.AppendTo(notes);
  return m;
}

}  // namespace aecomp
