// Metadata for a TIFF that has been encoded.
#pragma once

#include <cstdint>
#include <vector>

#include "io/formats/metadata.h"

namespace aecomp {

/// The TIFF with ICC profile, XMP and resolution in its first directory, which is written anew behind the pixels. Notes
/// name all other metadata, and everything where the file has no room (4 GiB) or is a BigTIFF.
std::vector<uint8_t> EmbedInTiff(std::vector<uint8_t> file, const Metadata& metadata, LeftOut& left_out);

}  // namespace aecomp
