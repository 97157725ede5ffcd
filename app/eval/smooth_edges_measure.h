// Edges that a codec draws where the original is smooth: rings, grids, borders of blocks, blotches of colour. The
// formula is that of training's loss, train/loss/smooth_edges.h; README.md of this folder has it for readers.
#pragma once

#include <vector>

#include "io/image.h"

namespace aecomp {

/// E of two pictures that are alike in size, channels (1 or 3) and depth, with samples in [0, 1]; colour counts luma
/// once and both colour differences half. The picture is measured in tiles of 512 x 512 pixels, which takes little
/// memory: pairs of neighbours on two tiles are left out. 0 for equal pictures and for those below 8 pixels a side.
double MeasureSmoothEdges(const Image& original, const Image& decoded);

/// A square of a picture, in pixels, and its E.
struct WorstSquare {
  int x = 0, y = 0, side = 0;
  double error = 0;
};

/// The `count` squares with the largest E, worst first, none of which overlap; fewer when there are no more with
/// an error. Their side is about an eighth of the picture's shorter one, at least 64 pixels where it has them.
std::vector<WorstSquare> WorstRegions(const Image& original, const Image& decoded, int count);

}  // namespace aecomp
