#include "model/codec/codec_checks.h"

#include <algorithm>

#include "model/codec/filter_layer.h"
#include "model/codec/outliers.h"
#include "model/codec/sample_range_chunk.h"

namespace aecomp {

std::string Size(int64_t width, int64_t height) { return std::to_string(width) + "x" + std::to_string(height); }

bool SizeIsPossible(int64_t width, int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
         static_cast<uint64_t>(width * height) <= kMaxPixels;
}

Status CheckImage(const Image& image, int most_channels) {
  if (image.width < 1 || image.height < 1 || (image.bits != 8 && image.bits != 16) ||
      (image.channels != 1 && image.channels != 3) ||
      image.pixels.size() != Image::ByteSize(image.width, image.height, image.channels, image.bits)) {
    return InputError("a gray or RGB image of 8 or 16 bits and at least 1x1 pixel is expected");
  }
  if (!SizeIsPossible(image.width, image.height)) {
    return InputError("an image of " + Size(image.width, image.height) + " is too large; split it");
  }
  if (image.channels <= most_channels) return {};
  return InputError(
      "the image has colours, but this model codes gray images only; convert the image to gray first (such as with "
      "ImageMagick: convert IN -colorspace Gray OUT.png), or name a model of colour images with -m");
}

Status CheckHeader(const ContainerHeader& h, const Model& model) {
  const Architecture& a = model.architecture;
  if (h.model != model.id) {
    return ModelError("was made with model " + ToHex(h.model) + ", not with " + ToHex(model.id) +
                      "; name its model with -m");
  }
  if (!SizeIsPossible(h.width, h.height)) return CorruptError("has an impossible size");
  if (h.bits != 8 && h.bits != 16)
    return CorruptError("has " + std::to_string(h.bits) + " bits a sample, which this version cannot decode");
  if (h.channels != 1 && h.channels != a.image_channels) {
    return CorruptError("has " + std::to_string(h.channels) + " channels, but its model " +
                        std::to_string(a.image_channels));
  }
  if (h.quality > a.max_quality())
    return CorruptError("has a quality of " + std::to_string(h.quality) + ", beyond its model's");
  if (h.tools() != 0 && a.prior == PriorType::kFactorized)
    return CorruptError("uses tools that models with a factorized prior do not know");
  if (h.z_context && model.prior.z_context().empty())
    return CorruptError("codes z by context, for which its model has no tables");
  const uint32_t tile = static_cast<uint32_t>(a.tile), stride = tile != 0 ? 1 : static_cast<uint32_t>(a.hyper_stride);
  if (h.tile_size < std::max(tile, 1u) || h.tile_size > kMaxTileSize || h.tile_size % stride != 0) {
    return CorruptError("has tiles of " + std::to_string(h.tile_size) + " pixels, which its model cannot decode");
  }
  return {};
}

Status CheckChunks(const Container& container) {
  for (const ExtraChunk& chunk : container.extra) {
    if (chunk.type == kFilterType && container.header.residual) {
      return CorruptError("corrupt: it has a filter and a residual layer, which exclude each other");
    }
    if (chunk.type[0] >= 'a' || chunk.type == kRangeType || chunk.type == kFilterType || IsOutlierChunk(chunk))
      continue;
    return CorruptError("has a chunk " + std::string(chunk.type.begin(), chunk.type.end()) +
                        " that this version cannot decode; use a newer one");
  }
  return {};
}

Status CheckStreams(const Container& container, const TileGrid& grid, size_t least) {
  if (container.tiles.size() != grid.tiles.size()) return CorruptError("corrupt: it has too few or too many tiles");
  for (const TileStreams& t : container.tiles) {
    if (t.streams.size() < least) return CorruptError("corrupt: a tile lacks streams");
  }
  return {};
}

}  // namespace aecomp
