// The block path of the decoder and its inverse lap: model/CODING.md, "Pixels".
#pragma once

#include "model/portable/convolution.h"
#include "model/portable/weights.h"

namespace aecomp_portable {

class BlockPath {
 public:
  /// Whether the layers are one conv_transpose2d whose kernel is its stride, and perhaps an inverse lap.
  static bool IsBlockPath(const Json& layers);
  Status Read(const Json& layers, const Weights& weights);

  int in() const { return in_; }
  int out() const { return out_; }
  int block() const { return block_; }  ///< side of a block, in pixels

  /// Blocks of a row of latents [count, in], mixed with each other: pixels [block, count * block, out].
  void Run(const int16_t* latents, int count, float* pixels) const;
  /// Mixes the pixels of two rows of blocks, one below the other.
  void MixRows(float* above, float* below, int count) const;

 private:
  void Blocks(const int16_t* latents, int count, float* blocks) const;

  int in_ = 0, out_ = 0, block_ = 0, depth_ = 0, outputs_ = 0;
  float unit_ = 1;
  std::vector<int16_t> weights_;  ///< [outputs, depth]; outputs: [column, row, channel] of a block
  std::vector<int32_t> bias_;     ///< [outputs]
  std::vector<float> lap_;        ///< V, [block / 2, block / 2]; empty: there is none
};

}  // namespace aecomp_portable
