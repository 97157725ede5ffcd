// A block synthesis in integers: every element of y^ times its basis function, a linear map of [C] to a block of
// pixels, equal on every machine. Where 8 bits are too few: both factors have 16, products are summed modulo 2^32, and
// what the sum means is far smaller than that.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "model/network/layers/lap.h"

namespace aecomp {

/// What 1 of the int16 latents means: y^ * step within +-32, rounded to less than a tenth of what 8-bit pixels show.
inline constexpr float kLatentUnit = 1.f / 1024;

class IntegerBlocks {
 public:
  /// network: one conv_transpose2d whose kernel is its stride, without padding or groups, and nothing or an inverse
  /// lap of the same block after it. kModel where it is something else or its weights are too large.
  static Result<IntegerBlocks> Create(const Network& network, const Parameters& parameters);
  /// Whether Create can run such a network.
  static Status Check(const Network& network);

  int block() const { return block_; }
  int channels() const { return out_; }

  /// latents: [h, w, C] in steps of kLatentUnit, rows `row_stride` elements apart -> pixels [h*block, w*block,
  /// channels]. continued: the row of blocks above them stands before `pixels` and is mixed with the first of them, as
  /// the last of them remains to be with the one below.
  void Run(const int16_t* latents, int h, int w, int64_t row_stride, float* pixels, bool continued = false) const;
  /// Block (i, j) without the lap, in plain loops: for tests. [block, block, channels]
  std::vector<float> BlockScalar(const int16_t* latent) const;

 private:
  int in_ = 0, out_ = 0, block_ = 0, padded_ = 0;  // padded: values of a block, a multiple of kLanes
  bool lap_ = false;
  LapFilter filter_;
  float unit_ = 1;                // of a sum
  std::vector<int32_t> weights_;  // [in pairs, padded]: two int16, of the even channel in the lower half
  std::vector<int32_t> bias_;     // [padded]
};

}  // namespace aecomp
