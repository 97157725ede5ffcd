// Small pictures of large files, in the memory of the small ones and some rows of tiles.
#pragma once

#include <cstdint>
#include <string>

#include "io/container.h"
#include "io/image.h"
#include "io/region.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

/// A part of the image with its alpha, made so small that no side is longer than max_side: the mean of the area that
/// each pixel covers, which equals AreaAverage of what Decompress and RestoreAlpha give. The chunks have passed
/// CheckAlpha. Errors: as Codec::Decompress and RestoreAlpha. keep_alpha: false where the result is to have none.
Result<Image> DecompressReduced(Codec& codec, const Container& container, const std::string& name, const Region& region,
                                int64_t max_side, bool keep_alpha);

}  // namespace aecomp
