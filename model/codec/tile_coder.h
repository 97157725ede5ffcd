// From y to symbols and back for one tile: hyperprior, means in two halves, rounding. Entropy coding itself is in
// tile_streams.h.
//
//   encoder   y ---> hyper-encoder ---> z --.           .---> rows of the tables (sigma) ----------------> symbols
//             |                             |           |                                                     ^
//             |                             v           |                                                     |
//             |                       integer prior ----'---> features ---> means ---> first half ---.        |
//             |                             ^                     |                    (rounded)     v        |
//   decoder   |                             |                     '----------------> corrected <-- context    |
//             |                          z of the file                                means                   |
//             '-------------------------------------------------------------- y * gain - mean, rounded -------'
//
// The halves are those of checkerboard.h. Sigma, and with it every table, follows from z alone, so all symbols of a
// tile can be entropy-coded at once; only the means wait for each other. Coarse channels, where the model has them, are
// coded in stages of their own: see coarse_coder.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/status.h"
#include "model/codec/coarse_coder.h"
#include "model/codec/latents.h"
#include "model/codec/model_file.h"
#include "model/codec/tile_quality.h"
#include "model/codec/tile_streams.h"
#include "model/codec/tile_symbols.h"
#include "model/codec/tiles.h"
#include "model/entropy/coarse.h"
#include "model/entropy/integer_means.h"
#include "model/entropy/rd_quantiser.h"
#include "model/integer/integer_network_runner.h"
#include "model/network/graph.h"

namespace aecomp {

/// Compiled for tiles of one size and somewhat smaller ones. Not thread-safe.
class TileCoder {
 public:
  /// The model must outlive this. Fails (kModel) where its prior cannot run at this size.
  static Result<std::unique_ptr<TileCoder>> Create(Model& model, const Tile& tile);

  /// Whether this can code such a tile: not where it is larger than the tile that this was made for, or so much
  /// narrower that another coder would be worth its making.
  bool Fits(const Tile& tile) const;

  // These make in advance what the other functions make on first use: for threads that would wait.
  Status PrepareEncoder(const Tile& tile);
  Status PreparePrior(const Tile& tile);

  /// y: of the whole image; it must reach to the end of the tile's padding. The tile must fit. y_hat, where it is not
  /// null: receives what Decode would give.
  Result<TileSymbols> Encode(const TileQuality& q, const Tile& tile, const LatentView& y, LatentPlane* y_hat = nullptr);

  /// What Encode would choose, and from which means: into the tile's part of `all`, whose plane has these columns.
  Status Predict(const TileQuality& q, const Tile& tile, const LatentView& y, const Plane& plane,
                 LatentPrediction& all);

  /// What the synthesis reads, in the coded elements of the tile, whose place in y_hat is tile.row, tile.column.
  /// kCorrupt whatever the streams hold. The tile must fit.
  Status Decode(const TileQuality& q, const Tile& tile, SymbolReader& symbols, LatentPlane& y_hat);

  /// For fitting coarse channels to a model that has none: what Encode expects of these channels of y, as planes whose
  /// `mean` and `row` are set.
  Result<CoarsePlanes> PredictChannels(const TileQuality& q, const Tile& tile, const LatentView& y,
                                       const std::vector<int>& channels);

  /// For fitting tables of z: the z that Encode would code, [h', w', N].
  Result<std::vector<int16_t>> HyperLatents(const TileQuality& q, const Tile& tile, const LatentView& y);

 private:
  /// What the networks predicted for the last tile: [h, w, M], before gain.
  struct Means {
    float *mu, *correction;
  };
  /// A position of the tile.
  struct Position {
    int i, j;
    size_t index;     ///< in [h, w]
    size_t at;        ///< its first element in [h, w, M]
    uint32_t parity;  ///< of the channels that belong to the first half
  };
  class Rounding;   // the encoder's work on a half
  class Restoring;  // the decoder's

  TileCoder(Model& model, const Tile& tile);
  void SetSize(const Tile& tile);
  Status MakeHyperEncoder();
  Status PredictRows(const TileQuality& q, TileSymbols& symbols);
  const float* RunHyperEncoder(const TileQuality& q, const Tile& tile, const LatentView& y);
  void QuantiseZ(const TileQuality& q, const Tile& tile, const LatentView& y, std::vector<int16_t>& z);
  Result<Means> Quantise(const TileQuality& q, const Tile& tile, const LatentView& y, TileSymbols& symbols,
                         LatentPlane* y_hat = nullptr);
  template <class Side>
  Result<Means> CodeHalves(const TileQuality& q, CoarseCoder& coarse, TileSymbols& symbols, Side& side);
  static void Restore(const TileQuality& q, const Tile& tile, const TileSymbols& symbols, const Position& p,
                      const float* mu, const float* correction, LatentPlane& y_hat);
  Position At(int i, int j) const;
  template <class F>
  void ForEachPosition(F f) const;

  Model& model_;
  const RdQuantiser quantiser_;
  const int most_h_, most_w_;
  Shape y_shape_, z_shape_;  // of the present tile
  std::unique_ptr<MeanPredictor> means_;
  // Made by the first Encode: one of the two.
  std::unique_ptr<IntegerNetworkRunner> hyper_encoder_;
  std::unique_ptr<Graph> float_hyper_encoder_;
  // Memory of one call, kept for the next one.
  std::vector<uint8_t> features_;   // [h, w, K] of the integer prior
  AlignedBuffer<float> companded_;  // [h, w, M]: what the hyper-encoder in f32 reads
};

}  // namespace aecomp
