// What image files carry beside pixels: ICC profile, EXIF, XMP, PNG's text and colour chunks; taken out of PNG, JPEG,
// WebP and TIFF, put into PNG and JPEG.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/container.h"
#include "io/image.h"

namespace aecomp {

/// Empty: not there.
struct Metadata {
  std::vector<uint8_t> icc;   ///< an ICC profile
  std::vector<uint8_t> exif;  ///< a TIFF structure, from its byte order mark on
  std::vector<uint8_t> xmp;   ///< UTF-8 XML
  // Whole chunks of a PNG, one after the other, each with its length, type and CRC.
  std::vector<uint8_t> png_text;    ///< tEXt, zTXt, iTXt but for XMP
  std::vector<uint8_t> png_colour;  ///< what the samples mean: gAMA, cHRM, sRGB, cICP, mDCV, cLLI, pHYs

  bool empty() const;
};

/// Damaged pieces and other formats give nothing. At most 16 MiB a piece.
Metadata ReadMetadata(std::span<const uint8_t> file);

/// EXIF's tag 0x0112: 1 (as stored) .. 8. 1 when there is none.
int ExifOrientation(std::span<const uint8_t> exif);
/// Sets the tag to 1 where there is one.
void ResetExifOrientation(std::span<uint8_t> exif);
/// The image as it is meant to be seen.
Image Oriented(const Image& image, int orientation);

/// Puts the metadata into an encoded PNG or JPEG. Other formats, and pieces that do not fit, are left without; what is
/// left out is added to `notes`.
std::vector<uint8_t> EmbedMetadata(std::vector<uint8_t> file, const Metadata& metadata,
                                   std::vector<std::string>* notes);

/// As extra chunks of an .aec, and back; see FORMAT.md. Unknown chunks are ignored, damaged ones kCorrupt.
std::vector<ExtraChunk> MetadataChunks(const Metadata& metadata);
Result<Metadata> MetadataFromChunks(const std::vector<ExtraChunk>& chunks, const std::string& name);

}  // namespace aecomp
