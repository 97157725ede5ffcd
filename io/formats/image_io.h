// Image files of any kind. PNG and PNM are read and written here, without OpenCV; all else goes through its module.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/formats/decode_options.h"
#include "io/formats/image_kinds.h"
#include "io/formats/metadata.h"
#include "io/image.h"
#include "io/status.h"

namespace aecomp {

/// Recognised by content, not by name; depth and alpha as stored. `notes` (may be null) receives what was converted or
/// left out, one line each. kInput when it is no image or a damaged one. `name`: what messages call the file.
/// `metadata` (may be null: nothing is noted of them then) receives what the file carries beside pixels; the
/// orientation that its EXIF asks for is applied to the pixels and reset there.
Result<Image> DecodeImage(std::span<const uint8_t> bytes, const std::string& name, std::vector<std::string>* notes,
                          Metadata* metadata = nullptr, const DecodeOptions& options = {});

/// For training and measuring: 8 bits, no alpha.
Result<Image> ReadPlainImage(const std::string& path, std::vector<std::string>* notes,
                             const DecodeOptions& options = {});

struct EncodeImageOptions {
  int png_level = 1;  ///< 0 .. 9
  int quality = 95;   ///< of JPEG, 0 .. 100
};

/// kUsage, with the formats that are written, for an extension of another one. As of EncodeImage.
Status CheckWritable(const std::string& extension);

/// extension: ".png", "ppm", "pgm", "pnm", "jpg", ..., with or without the dot, any case. kUsage for one that nobody
/// knows. What the format cannot hold is converted or left out, with a line in `notes` (may be null).
Result<std::vector<uint8_t>> EncodeImage(const Image& image, const std::string& extension,
                                         const EncodeImageOptions& options = {},
                                         std::vector<std::string>* notes = nullptr);

}  // namespace aecomp
