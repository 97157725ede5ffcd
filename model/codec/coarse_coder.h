// The coarse channels of one tile (see model/entropy/coarse.h), stage by stage, for encoder and decoder alike: a stage
// is predicted, then coded, and its values help to predict the next one. All stages but the last lie in the first half
// of y; the last stage is the second half, whose means the context has corrected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/status.h"
#include "model/codec/tile_quality.h"
#include "model/codec/tile_symbols.h"
#include "model/codec/tiles.h"
#include "model/entropy/coarse.h"

namespace aecomp {

class CoarseCoder {
 public:
  /// Takes the rows of the coarse channels out of symbols.rows: there they become 0, since these channels have a stream
  /// of their own. `coarse` must outlive this and may be empty.
  CoarseCoder(const CoarseModel& coarse, const Tile& tile, const TileQuality& q, TileSymbols& symbols);

  /// An element to be coded: `code` gives it its symbol, which must be 0 where row is 0.
  struct Element {
    size_t position;  ///< in [h, w]
    float mean;       ///< what the symbol is added to, in units of the quantisation step at this position
    uint8_t row;      ///< of y_tables; 0: not coded
    int16_t symbol;
  };
  /// The elements of one stage of channel c, in the order in which they are coded.
  using Code = std::function<Status(int stage, int c, std::span<Element> elements)>;

  /// y: symbols [h, w, M], of which the coarse ones are set. mu: [h, w, M], before gain, which become what the coarse
  /// elements were predicted from.
  Status CodeFirstHalf(const LatentScales& q, float* mu, int16_t* y, const Code& code);
  /// The same for the last stage. correction: [h, w, M], which becomes 0 for the coarse elements.
  Status CodeSecondHalf(const LatentScales& q, float* mu, float* correction, int16_t* y, const Code& code);

 private:
  Status CodeStage(int stage, const LatentScales& q, float* mu, float* correction, int16_t* y, const Code& code);
  void Predict(size_t k, int stage, float gain, const float* mu, const float* correction);
  /// Gain at the position of a plane's element over the gain of the tile.
  float Ratio(size_t at) const { return ratio_.empty() ? 1.f : ratio_[at]; }
  size_t InTile(size_t k, int i, int j) const {
    return static_cast<size_t>((int64_t{i} * tile_.w + j) * latent_channels_ + planes_.channel(k));
  }

  const CoarseModel& coarse_;
  const Tile tile_;
  const int latent_channels_;
  const bool planar_;
  CoarsePlanes planes_;       // in units of the quantisation step at the tile's quality
  std::vector<float> ratio_;  // as planes_.value, or empty where all are 1
  std::vector<Element> elements_;
};

}  // namespace aecomp
