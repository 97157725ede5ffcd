// Metadata of image files: ICC profile, EXIF, XMP, resolution, PNG's text and colour chunks. They are read from PNG,
// JPEG, WebP, TIFF, BMP and JPEG 2000, and written to PNG, JPEG, TIFF and BMP as far as each format can hold them.
// Notes name all that is not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/container.h"
#include "io/formats/left_out.h"
#include "io/formats/resolution.h"

namespace aecomp {

/// Empty: not there.
struct Metadata {
  std::vector<uint8_t> icc;   ///< an ICC profile
  std::vector<uint8_t> exif;  ///< a TIFF structure, from its byte order mark on
  std::vector<uint8_t> xmp;   ///< UTF-8 XML
  // Whole chunks of a PNG, one after the other, each with its length, type and CRC.
  std::vector<uint8_t> png_text;         ///< tEXt, zTXt, iTXt but for XMP
  std::vector<uint8_t> png_colour;       ///< what the samples mean: gAMA, cHRM, sRGB, cICP, mDCV, cLLI, pHYs
  std::optional<Resolution> resolution;  ///< of other formats than PNG, which has it in pHYs

  bool empty() const;
  /// `resolution`, else what pHYs says.
  std::optional<Resolution> AnyResolution() const;
};

inline constexpr size_t kMaxMetadataPiece = 16 << 20;  ///< bytes of one of the above

/// Reads the metadata. `left_out` gets the names of damaged, unknown and overlong pieces, and of further frames, pages
/// and pictures. MetadataFromChunks gives back everything that this returns.
Metadata ReadMetadata(std::span<const uint8_t> file, LeftOut& left_out);

/// Leaves out a profile that is damaged or describes another colour space than these channels (1, 2: gray; 3, 4: RGB).
void FitMetadataToPixels(Metadata& metadata, int channels, LeftOut& left_out);

void DropResolution(Metadata& metadata);  ///< pHYs as well
void SwapResolution(Metadata& metadata);  ///< across and down: of a picture that lies on its side
void DropPngColour(Metadata& metadata);   ///< but for pHYs

/// Puts the metadata into an encoded image. What the format cannot hold is left out and named in `notes`.
std::vector<uint8_t> EmbedMetadata(std::vector<uint8_t> file, const Metadata& metadata,
                                   std::vector<std::string>* notes);

/// Turns metadata into extra chunks of an .aec, and back; see FORMAT.md. Unknown chunks are ignored, damaged ones
/// kCorrupt. PNG chunks that this program would not take from a PNG are left out with a line in `notes` (may be null).
std::vector<ExtraChunk> MetadataChunks(const Metadata& metadata);
Result<Metadata> MetadataFromChunks(const std::vector<ExtraChunk>& chunks, const std::string& name,
                                    std::vector<std::string>* notes = nullptr);

}  // namespace aecomp
