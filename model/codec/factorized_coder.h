// From y to streams and back with a factorized prior. Nothing is predicted, so a symbol's table follows from its
// channel alone: rounding and its inverse are the only arithmetic, and no symbol depends on another one.
#pragma once

#include <vector>

#include "io/container.h"
#include "io/status.h"
#include "model/codec/latents.h"
#include "model/codec/model_file.h"
#include "model/codec/tiles.h"
#include "model/entropy/entropy_parameters.h"
#include "model/entropy/rd_quantiser.h"

namespace aecomp {

class FactorizedCoder {
 public:
  /// quality in 1/16 steps. thrift: how much less than usual an error counts against bits; encoder only.
  FactorizedCoder(const Model& model, int quality, double thrift = 1);

  /// y: before gain, of a whole image. The same number of streams for every tile.
  std::vector<TileStreams> Encode(const std::vector<Tile>& tiles, const LatentView& y) const;

  /// Bits of the symbols of Encode under the float model, a logistic for each channel.
  double EstimateBits(const std::vector<Tile>& tiles, const LatentView& y) const;

  /// What the synthesis transform reads, in the coded elements of the tile, whose place in y_hat is tile.row,
  /// tile.column. kCorrupt whatever the streams hold, never a crash.
  Status Decode(const Tile& tile, const TileStreams& streams, LatentPlane& y_hat) const;

  /// Symbols [coded_h, coded_w, M] of a tile; y: of the whole image.
  std::vector<int16_t> Quantise(const Tile& tile, const LatentView& y) const;

 private:
  std::vector<uint8_t> Rows(size_t symbols) const;

  const Model& model_;
  int quality_;
  float inverse_weight_;
  FactorizedScales scales_;
  RdQuantiser quantiser_;
};

}  // namespace aecomp
