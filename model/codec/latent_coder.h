// From the latents of an image to the streams of its tiles and back, whatever the prior.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/container.h"
#include "io/status.h"
#include "model/codec/latents.h"
#include "model/codec/model_file.h"
#include "model/codec/tiles.h"
#include "model/entropy/quality_map.h"

namespace aecomp {

struct CompressStats {
  double estimated_bits = 0;  ///< what the float entropy model (continuous sigma) says the same symbols cost
  uint64_t z_bytes = 0, y_bytes = 0;
};

/// How an image is coded.
struct CodingPoint {
  int quality = 0;         ///< 0 .. architecture.max_quality(), in 1/16 steps
  bool gray = false;       ///< the image has fewer channels than the model
  double thrift = 1;       ///< how much less than usual an error counts against bits; encoder only
  QualityMap map;          ///< how qualities differ by place; models with a factorized prior have none
  bool planar = false;     ///< whether coarse channels are predicted in planes
  bool z_context = false;  ///< whether z is coded by context

  bool operator==(const CodingPoint&) const = default;
};

/// A tile of a file.
struct StoredTile {
  size_t index = 0;  ///< in the file
  Tile tile;         ///< row and column: in the LatentPlane that it is decoded to
  const TileStreams* streams = nullptr;
};

/// Not thread-safe.
class LatentCoder {
 public:
  virtual ~LatentCoder() = default;

  // These make in advance what the other functions make on first use: for threads that would wait.
  virtual Status PrepareEncoder(const Tile& tile) = 0;
  virtual Status PrepareDecoder(const Tile& tile) = 0;

  /// y: of the whole image with the padding of its tiles, which is 0. stats: may be null; takes long otherwise. y_hat:
  /// may be null, and is with a factorized prior; receives what Decode would give.
  virtual Result<std::vector<TileStreams>> Encode(const CodingPoint& point, const std::vector<Tile>& tiles,
                                                  const LatentView& y, CompressStats* stats, LatentPlane* y_hat) = 0;

  /// What Encode would choose, and from which means. plane: of the image, with the padding of its tiles. kModel with a
  /// factorized prior, which predicts nothing.
  virtual Result<LatentPrediction> Predict(const CodingPoint& point, const std::vector<Tile>& tiles, const Plane& plane,
                                           const LatentView& y) = 0;

  /// How many streams a tile has at least.
  virtual size_t LeastStreams() const = 0;

  /// What the synthesis reads, in the coded elements of these tiles. kCorrupt, naming the tile, whatever its streams
  /// hold, as long as they are at least LeastStreams.
  virtual Status Decode(const CodingPoint& point, std::span<const StoredTile> tiles, LatentPlane& y_hat) = 0;
};

/// The model must outlive the result.
std::unique_ptr<LatentCoder> MakeLatentCoder(Model& model);

}  // namespace aecomp
