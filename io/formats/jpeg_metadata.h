// JPEG's application segments (EXIF 2.3, 4.7.2; XMP part 3, 1.1.3; ICC.1:2022, B.4; JFIF 1.02).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/formats/metadata.h"

namespace aecomp {

/// The JPEG with all metadata that it can hold; notes name the rest.
std::vector<uint8_t> EmbedInJpeg(std::vector<uint8_t> file, const Metadata& metadata, LeftOut& left_out);

}  // namespace aecomp
