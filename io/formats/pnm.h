// Binary PGM (P5) and PPM (P6), 8 and 16 bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"

namespace aecomp {

/// Any of P1 .. P7: also those that DecodePnm refuses by name.
bool LooksLikePnm(std::span<const uint8_t> bytes);

/// P5 or P6. maxval 255 gives 8 bits and 65535 gives 16; other values are scaled to the next of the two. kInput when
/// damaged or truncated, or when more follows than one image. `name`: what messages call the file.
Result<Image> DecodePnm(std::span<const uint8_t> bytes, const std::string& name);

/// image: 8 or 16 bits, gray (P5) or RGB (P6); no alpha (kUsage).
Result<std::vector<uint8_t>> EncodePnm(const Image& image);

}  // namespace aecomp
