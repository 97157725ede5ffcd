// Alpha of an .aec: lossless, in an extra chunk of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/container.h"
#include "io/image.h"
#include "io/region.h"
#include "io/status.h"

namespace aecomp {

/// alpha: one channel, 8 or 16 bits. The chunk holds it as a PNG; see FORMAT.md.
Result<ExtraChunk> AlphaChunk(const Image& alpha);

/// kCorrupt when the chunks hold an alpha that is not a plain PNG of the size and depth that the header declares.
/// Before pixels are decoded: what is checked here takes no memory.
Status CheckAlpha(const ContainerHeader& header, const std::vector<ExtraChunk>& chunks, const std::string& name);

/// The alpha of the whole picture, [height, width, 1]; an image without pixels where the chunks hold none. kCorrupt
/// when it cannot be read. The chunks have passed CheckAlpha. `name`: of the .aec.
Result<Image> DecodeAlpha(const std::vector<ExtraChunk>& chunks, const std::string& name);

/// The decoded image with the alpha that the chunks hold, or as it is when they hold none. kCorrupt when the alpha
/// cannot be read or does not fit the image. The chunks have passed CheckAlpha. `name`: of the .aec. region: what
/// `image` is of the whole, if not all.
Result<Image> RestoreAlpha(Image image, const std::vector<ExtraChunk>& chunks, const std::string& name,
                           const std::optional<Region>& region = std::nullopt);

}  // namespace aecomp
