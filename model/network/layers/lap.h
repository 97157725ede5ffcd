// The filter of the lapped transform, for the layer and for the initialisation of the block layers behind it.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/base/tensor.h"
#include "model/network/layer.h"

namespace aecomp {

/// In place over x [N, H, W, C], H and W multiples of `block` (even, at most 256): mixes the samples on both sides of
/// every border of two blocks, along rows and columns. Orthonormal; `inverse` undoes it. Nothing crosses the borders of
/// the tensor.
void Lap(const Shape& shape, int block, bool inverse, float* x);

/// The same in parts. x, above, below: rows of blocks [block, W, C]; row: W * C.
class LapFilter {
 public:
  LapFilter() = default;
  LapFilter(int block, bool inverse);
  /// Across the borders between blocks that stand side by side, in as many rows of pixels.
  void MixWithinRows(float* x, int64_t rows, int w, int channels) const;
  /// Across the border between two rows of blocks that were mixed so, or will be.
  void MixAcross(float* above, float* below, int64_t row) const;

 private:
  int half_ = 0;  // of a block
  std::vector<float> v_;
};

struct LapOptions {
  int block = 0;
  bool inverse = false;
};
Result<LapOptions> ReadLapOptions(const LayerSpec& spec);

}  // namespace aecomp
