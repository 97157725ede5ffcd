// Decodes the network part of a file, all of it or band by band. From one band to the next it keeps the latents that
// both depend on, so that every tile is decoded once and memory is that of some rows of tiles.
#pragma once

#include <optional>

#include "io/container.h"
#include "io/image.h"
#include "io/region.h"
#include "io/status.h"
#include "model/codec/image_transform.h"
#include "model/codec/latent_coder.h"
#include "model/codec/latents.h"
#include "model/codec/model_file.h"
#include "model/codec/outliers.h"
#include "model/codec/region_tiles.h"
#include "model/codec/sample_range.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

class BandDecoder {
 public:
  /// What it works with. All must outlive it.
  struct Tools {
    const Model& model;
    ImageTransform& transform;
    LatentCoder& coder;
    LatentPlane& y_hat;  ///< its memory
  };

  /// Checks the file against the model. The container must outlive the result; it has a network part.
  static Result<BandDecoder> Make(const Container& container, const CodingPoint& point, const Tools& tools);

  const TileGrid& grid() const { return grid_; }

  /// What a region depends on. kUsage when it does not lie within the image.
  Result<RegionTiles> Needs(const Region& region) const;

  /// The pixels of a region. Of several, each has the columns of the first and lies below the one before it.
  Result<Image> Decode(const Region& region);

  /// The least height of bands that does no work twice, but for the last one: of a row of tiles. Where pixels depend on
  /// all of the latents, that of the image.
  int64_t band_height() const;

 private:
  BandDecoder(const Container& container, const CodingPoint& point, const Tools& tools)
      : container_(container), point_(point), tools_(tools) {}
  Status DecodeTiles(const RegionTiles& part);

  const Container& container_;
  CodingPoint point_;
  Tools tools_;
  TileGrid grid_;
  SampleRange range_;
  Outliers outliers_;
  std::optional<PictureFilter> filter_;
  int first_row_ = 0, end_row_ = 0;  ///< rows of latents that y_hat holds; as in RegionTiles::kept
};

}  // namespace aecomp
