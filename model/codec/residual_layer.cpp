#include "model/codec/residual_layer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "io/convert.h"
#include "model/codec/parallel_streams.h"
#include "model/residual/residual.h"

namespace aecomp {
namespace {

/// Pixels of tile i.
Region TileRegion(const ContainerHeader& header, size_t i) {
  const int64_t size = header.tile_size, columns = header.tile_columns();
  const int64_t x = static_cast<int64_t>(i) % columns * size, y = static_cast<int64_t>(i) / columns * size;
  return {x, y, std::min<int64_t>(size, header.width - x), std::min<int64_t>(size, header.height - y)};
}

void Paste(const Image& tile, int64_t x, int64_t y, Image& image) {
  const size_t pixel = Image::ByteSize(1, 1, tile.channels, tile.bits);
  for (int row = 0; row < tile.height; ++row) {
    std::memcpy(image.Row(static_cast<int>(y) + row) + static_cast<size_t>(x) * pixel, tile.Row(row),
                static_cast<size_t>(tile.width) * pixel);
  }
}

}  // namespace

Region WholeTiles(const ContainerHeader& header, const Region& region) {
  const int64_t size = header.tile_size;
  const int64_t left = region.x / size * size, top = region.y / size * size;
  const int64_t right = std::min<int64_t>(header.width, (region.x + region.width + size - 1) / size * size);
  const int64_t bottom = std::min<int64_t>(header.height, (region.y + region.height + size - 1) / size * size);
  return {left, top, right - left, bottom - top};
}

Result<std::vector<std::vector<uint8_t>>> EncodeResiduals(const ContainerHeader& header, const Image& image,
                                                          const Image* base) {
  std::vector<std::vector<uint8_t>> streams(size_t{header.tile_columns()} * header.tile_rows());
  AECOMP_RETURN_IF_ERROR(ParallelTasks(streams.size(), [&](size_t i) -> Status {
    const Region region = TileRegion(header, i);
    const Image tile = Crop(image, region);
    const Image tile_base = base != nullptr ? Crop(*base, region) : Image();
    streams[i] = residual::Encode(tile, base != nullptr ? &tile_base : nullptr, static_cast<int>(header.most_error));
    return {};
  }));
  return streams;
}

Result<Image> DecodeResiduals(const Container& container, const Region& part, const Image* base) {
  const ContainerHeader& header = container.header;
  std::vector<size_t> tiles;
  for (size_t i = 0; i < container.tiles.size(); ++i) {
    const Region r = TileRegion(header, i);
    const bool across = r.x >= part.x && r.x < part.x + part.width;
    if (across && r.y >= part.y && r.y < part.y + part.height) tiles.push_back(i);
  }
  Image image(static_cast<int>(part.width), static_cast<int>(part.height), header.channels, header.bits);
  const Status done = ParallelStreams(tiles.size(), [&](size_t i) -> Status {
    Region region = TileRegion(header, tiles[i]);
    region.x -= part.x, region.y -= part.y;
    Image tile(static_cast<int>(region.width), static_cast<int>(region.height), header.channels, header.bits);
    const Image tile_base = base != nullptr ? Crop(*base, region) : Image();
    AECOMP_RETURN_IF_ERROR(residual::Decode(container.tiles[tiles[i]].streams.back(),
                                            base != nullptr ? &tile_base : nullptr, static_cast<int>(header.most_error),
                                            tile));
    Paste(tile, region.x, region.y, image);
    return {};
  });
  AECOMP_RETURN_IF_ERROR(Status(done));
  return image;
}

Container BaseOf(const Container& container) {
  Container base;
  base.header = container.header;
  base.header.residual = false, base.header.most_error = 0;
  base.extra = container.extra;
  for (const TileStreams& tile : container.tiles) {
    base.tiles.push_back({{tile.streams.begin(), tile.streams.end() - 1}});
  }
  return base;
}

}  // namespace aecomp
