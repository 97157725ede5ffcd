// Windows and OS/2 bitmaps, by their own headers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/formats/decode_options.h"
#include "io/image.h"
#include "io/status.h"

namespace aecomp {

bool LooksLikeBmp(std::span<const uint8_t> bytes);

/// Headers of OS/2 1.x and 2.x and of Windows from 3 to 5; 1, 2, 4, 8, 16, 24 and 32 bits a pixel; palettes, bit
/// fields, run lengths; from the bottom up or from the top down. Gray where a palette holds nothing else. Alpha where a
/// mask declares it. kInput when damaged, truncated, larger than `options` allow or of another kind. `notes` may be
/// null. Microsoft, "Bitmap Storage"; for OS/2, its Presentation Manager Programming Reference.
Result<Image> DecodeBmp(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options = {},
                        std::vector<std::string>* notes = nullptr);

}  // namespace aecomp
