// Formats that are read and written through the libraries of their own: libjpeg-turbo, libtiff, libwebp, OpenJPEG.
// They stand in a module that is loaded on first use, because loading them takes longer than `aecomp info` does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/formats/decode_options.h"
#include "io/image.h"
#include "io/status.h"

namespace aecomp {

/// kInput when the file is damaged, too large or of a kind that is not converted here; the message names the remedy.
/// `notes` (may be null) receives what was converted or left out. name: what messages call the file.
using DecodeFunction = Result<Image>(std::span<const uint8_t> bytes, const std::string& name,
                                     const DecodeOptions& options, std::vector<std::string>* notes);

struct FormatApi {
  DecodeFunction* decode_jpeg;  ///< as stored: EXIF's orientation is not applied
  DecodeFunction* decode_tiff;  ///< the first page; turned as its Orientation asks
  DecodeFunction* decode_webp;  ///< of an animation the first frame; as stored
  DecodeFunction* decode_jp2;   ///< a JP2 file or a bare codestream
  /// Gray or RGB of 8 or 16 bits, with straight alpha or without.
  Result<std::vector<uint8_t>> (*encode_tiff)(const Image& image);
  /// Gray or RGB of 8 or 16 bits, without loss.
  Result<std::vector<uint8_t>> (*encode_jp2)(const Image& image);
  /// RGB of 8 bits, with straight alpha or without; without loss.
  Result<std::vector<uint8_t>> (*encode_webp)(const Image& image);
};

/// Loads libaecomp_formats.so from beside the program, ../lib/aecomp or the build folder. Thread-safe.
Result<const FormatApi*> LoadFormats();

}  // namespace aecomp
