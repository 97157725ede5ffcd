// Checks that the codec can work on an image or a file; an error names what it cannot work on.
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

/// Checks that the model can decode the file.
Status CheckHeader(const ContainerHeader& header, const Model& model);

/// Checks that the file has nothing that this version does not know.
Status CheckChunks(const Container& container);

/// least: how many streams a tile must have.
Status CheckStreams(const Container& container, const TileGrid& grid, size_t least);

}  // namespace aecomp
