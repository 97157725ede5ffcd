// Whether an image or a file is one that the codec can work on; what is not is named.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/container.h"
#include "io/image.h"
#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/codec/tiles.h"

namespace aecomp {

/// "640x480".
std::string Size(int64_t width, int64_t height);

bool SizeIsPossible(int64_t width, int64_t height);

/// most_channels: of the model's images.
Status CheckImage(const Image& image, int most_channels);

/// That the model can decode it.
Status CheckHeader(const ContainerHeader& header, const Model& model);

/// That nothing in the file is beyond this version.
Status CheckChunks(const std::vector<ExtraChunk>& chunks);

/// least: how many streams a tile must have.
Status CheckStreams(const Container& container, const TileGrid& grid, size_t least);

}  // namespace aecomp
