// The block path of the analysis in 16-bit integers: pixels, mixed across the borders of blocks where it is lapped,
// times its basis functions. Only the encoder runs it, so this is for speed: a processor multiplies twice as many
// int16 as f32 at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "model/network/layers/lap.h"

namespace aecomp {

class BlockAnalysis {
 public:
  /// network: perhaps a lap, then one conv2d without padding or groups, whose kernel size is its stride and the
  /// block of the lap. kModel where it is something else or its weights are too large.
  static Result<BlockAnalysis> Create(const Network& network, const Parameters& parameters);
  /// Whether Create can run such a network.
  static Status Check(const Network& network);

  int block() const { return block_; }
  int outputs() const { return out_; }
  /// A rectangle of blocks.
  struct Area {
    int top, bottom, left, right;
  };

  /// load(i, pixels) gives the pixels of row i of h rows of w blocks, [block, w*block, C], as x - 1/2 of samples in
  /// 0 .. 1; from several threads. Block (i, j) of the area goes to y + (i - top) * row_stride + (j - left) * M: the
  /// float network's output but for rounding to 2^-11 of the pixels and 2^-15 of the weights.
  using Load = std::function<void(int i, float* pixels)>;
  void Run(const Load& load, int h, int w, const Area& area, float* y, int64_t row_stride) const;

 private:
  struct Scratch;
  void RunRow(const float* pixels, int w, int left, int right, Scratch& scratch, float* y) const;

  int in_ = 0, out_ = 0, block_ = 0, padded_ = 0;  // padded: out, in whole vectors
  bool lap_ = false;
  LapFilter filter_;
  float unit_ = 1;                // of a sum
  std::vector<int32_t> weights_;  // [block * block * in / 2, padded]: two int16, the earlier sample's in the lower half
  std::vector<int32_t> bias_;     // [padded]
};

}  // namespace aecomp
