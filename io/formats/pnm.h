// The Netpbm formats: PBM, PGM and PPM, plain (P1, P2, P3) and raw (P4, P5, P6), and PAM (P7).
// http://netpbm.sourceforge.net/doc/pnm.html
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/formats/decode_options.h"
#include "io/image.h"
#include "io/status.h"

namespace aecomp {

/// Any of P1 .. P7.
bool LooksLikePnm(std::span<const uint8_t> bytes);

/// A maximum below 256 gives 8 bits and others give 16, scaled so that the maximum becomes 255 or 65535. White space
/// may follow the image. kInput when damaged, truncated, larger than `options` allow, of a tuple type that is no image
/// here, or when more follows than one image. `notes` may be null. `name`: what messages call the file.
Result<Image> DecodePnm(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options = {},
                        std::vector<std::string>* notes = nullptr);

/// image: 8 or 16 bits, gray (P5) or RGB (P6); no alpha (kUsage).
Result<std::vector<uint8_t>> EncodePnm(const Image& image);

/// P7, with alpha where the image has it.
std::vector<uint8_t> EncodePam(const Image& image);

}  // namespace aecomp
