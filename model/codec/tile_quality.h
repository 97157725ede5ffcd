// The quality of a tile as numbers. Encoder and decoder look up everything that depends on the quality here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/codec/model_file.h"
#include "model/entropy/entropy_parameters.h"
#include "model/entropy/quality_map.h"

namespace aecomp {

/// What turns the latents of one position into symbols and back: each [channels].
struct LatentScales {
  const float* gain;            ///< y * gain is in units of the quantisation step
  const float* mean_gain;       ///< what a predicted mean is multiplied with: gain, or 0 where the channel is not coded
  const float* step;            ///< what turns units of the quantisation step back into latents
  const float* fixed_scale;     ///< see QualityScales
  const float* inverse_weight;  ///< how the encoder rounds, see RdQuantiser
  uint32_t channels;
};

struct TileQuality {
  int quality = 0;  ///< in 1/16 steps: names the rows of z's tables and the offsets of sigma in the integer prior
  QualityScales scales;
  std::vector<float> mean_gain, inverse_weight;  ///< [M] see LatentScales
  std::span<const uint8_t> skipped;              ///< [M] not 0: the channel is not coded; empty: all channels are coded

  QualityMap map;                   ///< empty: all positions have this quality
  std::vector<TileQuality> places;  ///< what positions of other qualities have, from `first_place` on, without z's part
  int first_place = 0;
  bool planar = false;  ///< whether coarse channels are predicted in planes

  /// Of a position whose quality is that of the tile.
  LatentScales latents() const;
  /// Of position k of the tile. qualities: [h, w], see TileSymbols.
  LatentScales LatentsAt(const std::vector<uint8_t>& qualities, size_t k) const {
    if (qualities.empty() || qualities[k] == quality) return latents();
    return places[static_cast<size_t>(qualities[k] - first_place)].latents();
  }
};

/// For an architecture with a hyperprior; the model must outlive the result. quality: 0 .. architecture.max_quality().
/// thrift: how much less than usual an error counts against bits, for the encoder. gray: the image has one channel and
/// the model more, so that channels of y that hold colour alone are not coded. map: how qualities differ by place.
TileQuality TileQualityAt(const Model& model, int quality, double thrift = 1, bool gray = false,
                          const QualityMap& map = {});

}  // namespace aecomp
