// Which tiles a region of an image depends on.
#pragma once

#include <cstddef>
#include <vector>

#include "io/region.h"
#include "model/codec/image_transform.h"
#include "model/codec/tiles.h"

namespace aecomp {

/// All in elements of y.
struct RegionTiles {
  Plane kept;                 ///< y^ of the tiles that are decoded: a rectangle of whole tiles,
  int row = 0, column = 0;    ///< whose first element lies here in the y of the image
  LatentPart needed;          ///< what the region depends on, in `kept`
  std::vector<size_t> tiles;  ///< those that hold some of it
};

/// region: within the image. stride: pixels of an element; halo: elements around those of a pixel that it depends on.
RegionTiles TilesOf(const Region& region, const TileGrid& grid, int stride, int halo);

}  // namespace aecomp
