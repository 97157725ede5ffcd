// The readers of metadata, one a format: for metadata.cpp alone. Each takes the whole file, keeps what Metadata has a
// place for and names all else in `left_out`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "io/formats/left_out.h"
#include "io/formats/metadata.h"

namespace aecomp {

void ReadPngMetadata(std::span<const uint8_t> file, Metadata& metadata, LeftOut& left_out);
void ReadJpegMetadata(std::span<const uint8_t> file, Metadata& metadata, LeftOut& left_out);
void ReadWebpMetadata(std::span<const uint8_t> file, Metadata& metadata, LeftOut& left_out);
void ReadTiffMetadata(std::span<const uint8_t> file, Metadata& metadata, LeftOut& left_out);
void ReadBmpMetadata(std::span<const uint8_t> file, Metadata& metadata, LeftOut& left_out);
void ReadJp2Metadata(std::span<const uint8_t> file, Metadata& metadata, LeftOut& left_out);
void ReadPnmMetadata(std::span<const uint8_t> file, LeftOut& left_out);

/// False when there is no resolution that BMP has a number for.
bool WriteBmpResolution(std::vector<uint8_t>& file, const Metadata& metadata);

bool LooksLikeWebp(std::span<const uint8_t> file);
bool HasBmpHeader(std::span<const uint8_t> file);
bool LooksLikeJp2(std::span<const uint8_t> file);  ///< the file format or the bare codestream

bool StartsWith(std::span<const uint8_t> bytes, std::string_view prefix);

/// Takes the first piece of its kind; a second one, an empty one or one of more than kMaxMetadataPiece is named.
void Keep(std::vector<uint8_t>& place, std::span<const uint8_t> piece, std::string_view name, LeftOut& left_out);
/// EXIF, with or without the label that it has in JPEG; must begin as a TIFF structure does.
void KeepExif(Metadata& metadata, std::span<const uint8_t> piece, LeftOut& left_out);
/// XMP; must be UTF-8, as FORMAT.md wants it.
void KeepXmp(Metadata& metadata, std::span<const uint8_t> piece, LeftOut& left_out);
/// Unless it says nothing.
void KeepResolution(Metadata& metadata, const Resolution& resolution);

bool IsUtf8(std::span<const uint8_t> text);

inline constexpr std::string_view kJpegExifLabel{"Exif\0\0", 6};

}  // namespace aecomp
