// A block synthesis in integers: every element of y^ times its basis function, a linear map of [C] to a block of
// pixels, equal on every machine. 8 bits would be too few, so both factors have 16. Products are summed modulo 2^32;
// true sums are far smaller than that.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "model/network/layers/lap.h"

namespace aecomp {

/// y^ * step in one step of the int16 latents, which reach to +-32: rounding to it is below a tenth of an 8-bit step.
inline constexpr float kLatentUnit = 1.f / 1024;

class IntegerBlocks {
 public:
  /// network: one conv_transpose2d without padding or groups, whose kernel size is its stride, then perhaps an inverse
  /// lap of the same block. kModel where it is something else or its weights are too large.
  static Result<IntegerBlocks> Create(const Network& network, const Parameters& parameters);
  /// Whether Create can run such a network.
  static Status Check(const Network& network);

  int block() const { return block_; }
  int channels() const { return out_; }

  /// latents: [h, w, C] in steps of kLatentUnit, rows `row_stride` elements apart -> pixels [h*block, w*block,
  /// channels]. continued: a row of blocks stands before `pixels`, and its lower border is filtered with the first row
  /// here. The lower border of the last row stays unfiltered: the next call filters it.
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
