// The functions of the module that io/formats/format_api.h loads.
#pragma once

#include "io/formats/format_api.h"

namespace aecomp {

DecodeFunction DecodeJpeg, DecodeTiff, DecodeWebp, DecodeJp2;
Result<std::vector<uint8_t>> EncodeTiff(const Image& image);
Result<std::vector<uint8_t>> EncodeJp2(const Image& image);
Result<std::vector<uint8_t>> EncodeWebp(const Image& image);

/// CMYK without a profile, as other programs show it: each of the colours takes away from white, and so does black.
/// cyan and black: of 0 to `peak`; returns red (of magenta: green, of yellow: blue).
inline uint32_t CmykToRgb(uint32_t cyan, uint32_t black, uint32_t peak) {
  return static_cast<uint32_t>((uint64_t{peak - cyan} * (peak - black) + peak / 2) / peak);
}

}  // namespace aecomp
