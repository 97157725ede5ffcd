// The lapped transform's filter, also for what initialises the blocks that follow them.
#pragma once

#include "io/status.h"
#include "model/layer.h"
#include "model/tensor.h"

namespace aecomp {

/// In place over x [N, H, W, C], H and W multiples of `block` (even, at most 256): mixes the samples on both sides of
/// every border of two blocks, along rows and columns. Orthonormal; `inverse` undoes it. Nothing crosses the borders of
/// the tensor.
void Lap(const Shape& shape, int block, bool inverse, float* x);

struct LapOptions {
  int block = 0;
  bool inverse = false;
};
Result<LapOptions> ReadLapOptions(const LayerSpec& spec);

}  // namespace aecomp
