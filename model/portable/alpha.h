// The chunk `alph` of FORMAT.md: a PNG of one channel.
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

/// Its samples: [height, width] numbers of bits / 8 bytes, the first byte of two the high one, as PNG has them.
Status ReadAlpha(Bytes png, uint32_t width, uint32_t height, int bits, std::vector<uint8_t>* samples);

}  // namespace aecomp_portable
