#include "model/codec/band_decoder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "model/codec/codec_checks.h"
#include "model/codec/filter_layer.h"
#include "model/codec/sample_range_chunk.h"
#include "model/filter/filter_image.h"

namespace aecomp {

Result<BandDecoder> BandDecoder::Make(const Container& container, const CodingPoint& point, const Tools& tools) {
  AECOMP_RETURN_IF_ERROR(CheckHeader(container.header, tools.model));
  AECOMP_RETURN_IF_ERROR(CheckChunks(container));
  BandDecoder decoder(container, point, tools);
  AECOMP_ASSIGN_OR_RETURN(decoder.range_, ReadRange(container));
  AECOMP_ASSIGN_OR_RETURN(decoder.outliers_, ReadOutliers(container, decoder.range_));
  AECOMP_ASSIGN_OR_RETURN(decoder.filter_, ReadFilterChunk(container));
  decoder.grid_ = MakeTileGrid(container.header, tools.model.architecture);
  AECOMP_RETURN_IF_ERROR(CheckStreams(container, decoder.grid_, tools.coder.LeastStreams()));
  return decoder;
}

Result<RegionTiles> BandDecoder::Needs(const Region& region) const {
  const ContainerHeader& header = container_.header;
  if (!region.LiesWithin(header.width, header.height)) {
    return UsageError("is " + Size(header.width, header.height) + " pixels: the region does not lie within it");
  }
  const Region seen = filter_ ? WithFilterReach(region, header.width, header.height) : region;
  return TilesOf(seen, grid_, tools_.model.architecture.latent_stride, tools_.transform.decoder_halo());
}

int64_t BandDecoder::band_height() const {
  const bool all = tools_.transform.decoder_halo() >= grid_.coded.rows;
  return all ? int64_t{container_.header.height} : int64_t{grid_.tile_size};
}

/// Those that the band before has not left in y_hat.
Status BandDecoder::DecodeTiles(const RegionTiles& part) {
  const int end = part.row + part.kept.rows, known_end = std::clamp(end_row_, part.row, end);
  tools_.y_hat.Scroll(part.row - first_row_, known_end - part.row, part.kept.rows, part.kept.columns);
  first_row_ = part.row, end_row_ = end;
  std::vector<StoredTile> stored;
  for (const size_t i : part.tiles) {
    Tile tile = grid_.tiles[i];
    if (tile.row < known_end) continue;
    tile.row -= part.row, tile.column -= part.column;
    stored.push_back({i, tile, &container_.tiles[i]});
  }
  return stored.empty() ? Status() : tools_.coder.Decode(point_, stored, tools_.y_hat);
}

Result<Image> BandDecoder::Decode(const Region& region) {
  AECOMP_ASSIGN_OR_RETURN(const RegionTiles part, Needs(region));
  AECOMP_RETURN_IF_ERROR(DecodeTiles(part));
  // Pixels of all that was needed, then those that were asked for.
  const ContainerHeader& header = container_.header;
  const int stride = tools_.model.architecture.latent_stride;
  const int64_t top = int64_t{part.row + part.needed.row} * stride, bottom = top + int64_t{part.needed.rows} * stride;
  const int64_t left = int64_t{part.column + part.needed.column} * stride;
  const int64_t right = left + int64_t{part.needed.columns} * stride;
  Image image(static_cast<int>(std::min<int64_t>(right, header.width) - left),
              static_cast<int>(std::min<int64_t>(bottom, header.height) - top), header.channels, header.bits);
  AECOMP_RETURN_IF_ERROR(tools_.transform.Synthesise(tools_.y_hat, part.needed, grid_, range_, image));
  if (filter_) ApplyFilter(*filter_, FilterRangeOf(range_), left, top, region, image);
  const bool all = image.width == region.width && image.height == region.height;
  Image wanted = all ? std::move(image) : Crop(image, {region.x - left, region.y - top, region.width, region.height});
  RestoreOutliers(outliers_, header.width, region, wanted);
  return wanted;
}

}  // namespace aecomp
