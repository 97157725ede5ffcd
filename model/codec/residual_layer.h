// The residual layer of an image: tile by tile, each apart from the others. See model/residual.
#pragma once

#include <cstdint>
#include <vector>

#include "io/container.h"
#include "io/image.h"
#include "io/region.h"
#include "io/status.h"

namespace aecomp {

/// The part of the image that the tiles cover which a region touches.
Region WholeTiles(const ContainerHeader& header, const Region& region);

/// A stream for each tile, in the order of the container; tiles run in parallel. header: its size, tiles and most_error
/// count. base: null, or an image of the same shape.
Result<std::vector<std::vector<uint8_t>>> EncodeResiduals(const ContainerHeader& header, const Image& image,
                                                          const Image* base);

/// The part of the image that `part` is, which must be whole tiles. base: null, or that part of the base. Reads the
/// last stream of every tile. kCorrupt whatever the streams hold.
Result<Image> DecodeResiduals(const Container& container, const Region& part, const Image* base);

/// The container of the base of a file that has one: without the residual layer.
Container BaseOf(const Container& container);

}  // namespace aecomp
