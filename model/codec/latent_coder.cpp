#include "model/codec/latent_coder.h"

#include <optional>
#include <string>

#include "model/codec/factorized_coder.h"
#include "model/codec/float_rate.h"
#include "model/codec/tile_coder.h"
#include "model/codec/tile_streams.h"

namespace aecomp {
namespace {

/// The same error as one of this tile.
Status InTile(const StoredTile& stored, Status status) {
  if (status.ok()) return status;
  return Status(status.code(), "corrupt: tile " + std::to_string(stored.index) + ": " + status.message());
}

/// z_streams: of each tile, before those of y.
void CountBytes(const std::vector<TileStreams>& tiles, size_t z_streams, CompressStats& stats) {
  for (const TileStreams& t : tiles) {
    for (size_t i = 0; i < t.streams.size(); ++i)
      (i < z_streams ? stats.z_bytes : stats.y_bytes) += t.streams[i].size();
  }
}

/// Tables follow from z; the means of y are predicted.
class HyperpriorLatentCoder : public LatentCoder {
 public:
  explicit HyperpriorLatentCoder(Model& model) : model_(model) {}

  Status PrepareEncoder(const Tile& tile) override {
    AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tile));
    return coder->PrepareEncoder(tile);
  }
  Status PrepareDecoder(const Tile& tile) override {
    AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tile));
    return coder->PreparePrior(tile);
  }

  Result<std::vector<TileStreams>> Encode(const CodingPoint& point, const std::vector<Tile>& tiles, const LatentView& y,
                                          CompressStats* stats, LatentPlane* y_hat) override {
    const TileQuality& q = QualityOf(point);
    std::vector<CodedSymbols> coded;
    for (const Tile& tile : tiles) {
      AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tile));
      AECOMP_ASSIGN_OR_RETURN(TileSymbols symbols, coder->Encode(q, tile, y, y_hat));
      if (stats != nullptr) {
        AECOMP_ASSIGN_OR_RETURN(const double bits, EstimateBits(model_, q, tile, symbols));
        stats->estimated_bits += bits;
      }
      coded.push_back(ListSymbols(model_.prior, q.quality, tile, std::move(symbols), point.z_context));
    }
    AECOMP_ASSIGN_OR_RETURN(std::vector<TileStreams> streams, EncodeStreams(model_.prior, coded, point.z_context));
    if (stats != nullptr) CountBytes(streams, 1, *stats);
    return streams;
  }

  Result<LatentPrediction> Predict(const CodingPoint& point, const std::vector<Tile>& tiles, const Plane& plane,
                                   const LatentView& y) override {
    const size_t positions = static_cast<size_t>(plane.rows) * static_cast<size_t>(plane.columns);
    const size_t size = positions * static_cast<size_t>(y.channels);
    LatentPrediction all{std::vector<float>(size), std::vector<int16_t>(size), std::vector<uint8_t>(size),
                         std::vector<uint8_t>(positions)};
    const TileQuality& q = QualityOf(point);
    for (const Tile& tile : tiles) {
      AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tile));
      AECOMP_RETURN_IF_ERROR(coder->Predict(q, tile, y, plane, all));
    }
    return all;
  }

  size_t LeastStreams() const override { return aecomp::LeastStreams(model_.prior); }

  Status Decode(const CodingPoint& point, std::span<const StoredTile> tiles, LatentPlane& y_hat) override {
    const TileQuality& q = QualityOf(point);
    for (const StoredTile& stored : tiles) {
      AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(stored.tile));
      SymbolReader symbols(model_.prior, q.quality, *stored.streams, point.z_context);
      AECOMP_RETURN_IF_ERROR(InTile(stored, coder->Decode(q, stored.tile, symbols, y_hat)));
    }
    return {};
  }

 private:
  static constexpr size_t kMostCoders =
      2;  // those of an image differ little, or are the narrow ones of its last column

  /// The images of a batch mostly have one.
  const TileQuality& QualityOf(const CodingPoint& point) {
    if (!quality_ || quality_point_ != point) {
      quality_ = TileQualityAt(model_, point.quality, point.thrift, point.gray, point.map);
      quality_->planar = point.planar;
      quality_point_ = point;
    }
    return *quality_;
  }

  Result<TileCoder*> CoderFor(const Tile& tile) {
    for (auto& coder : coders_) {
      if (coder->Fits(tile)) return coder.get();
    }
    if (coders_.size() >= kMostCoders) coders_.erase(coders_.begin());
    AECOMP_ASSIGN_OR_RETURN(auto coder, TileCoder::Create(model_, tile));
    coders_.push_back(std::move(coder));
    return coders_.back().get();
  }

  Model& model_;
  std::vector<std::unique_ptr<TileCoder>> coders_;
  CodingPoint quality_point_;
  std::optional<TileQuality> quality_;  // at that point
};

/// Nothing is predicted: tables follow from the channel.
class FactorizedLatentCoder : public LatentCoder {
 public:
  explicit FactorizedLatentCoder(const Model& model) : model_(model) {}

  Status PrepareEncoder(const Tile&) override { return {}; }
  Status PrepareDecoder(const Tile&) override { return {}; }

  Result<std::vector<TileStreams>> Encode(const CodingPoint& point, const std::vector<Tile>& tiles, const LatentView& y,
                                          CompressStats* stats, LatentPlane*) override {
    const FactorizedCoder coder(model_, point.quality, point.thrift);
    std::vector<TileStreams> streams = coder.Encode(tiles, y);
    if (stats != nullptr) {
      stats->estimated_bits = coder.EstimateBits(tiles, y);
      CountBytes(streams, 0, *stats);
    }
    return streams;
  }

  Result<LatentPrediction> Predict(const CodingPoint&, const std::vector<Tile>&, const Plane&,
                                   const LatentView&) override {
    return ModelError("a factorized prior predicts no latents");
  }

  size_t LeastStreams() const override { return 1; }

  Status Decode(const CodingPoint& point, std::span<const StoredTile> tiles, LatentPlane& y_hat) override {
    const FactorizedCoder coder(model_, point.quality);
    for (const StoredTile& stored : tiles) {
      AECOMP_RETURN_IF_ERROR(InTile(stored, coder.Decode(stored.tile, *stored.streams, y_hat)));
    }
    return {};
  }

 private:
  const Model& model_;
};

}  // namespace

std::unique_ptr<LatentCoder> MakeLatentCoder(Model& model) {
  if (model.architecture.prior == PriorType::kFactorized) return std::make_unique<FactorizedLatentCoder>(model);
  return std::make_unique<HyperpriorLatentCoder>(model);
}

}  // namespace aecomp
