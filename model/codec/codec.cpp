#include "model/codec/codec.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "model/base/alone_scope.h"
#include "model/base/onednn.h"
#include "model/codec/image_transform.h"
#include "model/codec/outliers.h"
#include "model/codec/region_tiles.h"
#include "model/codec/sample_range_chunk.h"

namespace aecomp {
namespace {

std::string Size(int64_t width, int64_t height) { return std::to_string(width) + "x" + std::to_string(height); }

bool SizeIsPossible(int64_t width, int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
         static_cast<uint64_t>(width * height) <= kMaxPixels;
}

/// y of an image whose tiles with their padding cover `plane`.
LatentView ViewOf(const AlignedBuffer<float>& y, const Plane& plane, int channels) {
  return {y.data(), plane.columns * int64_t{channels}, channels};
}

Status CheckImage(const Image& image, const Architecture& a) {
  if (image.width < 1 || image.height < 1 || (image.bits != 8 && image.bits != 16) ||
      (image.channels != 1 && image.channels != 3) ||
      image.pixels.size() != Image::ByteSize(image.width, image.height, image.channels, image.bits)) {
    return InputError("a gray or RGB image of 8 or 16 bits and at least 1x1 pixel is expected");
  }
  if (!SizeIsPossible(image.width, image.height)) {
    return InputError("an image of " + Size(image.width, image.height) + " is too large; split it");
  }
  if (image.channels <= a.image_channels) return {};
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
  const uint32_t tile = static_cast<uint32_t>(a.tile), stride = tile != 0 ? 1 : static_cast<uint32_t>(a.hyper_stride);
  if (h.tile_size < std::max(tile, 1u) || h.tile_size > kMaxTileSize || h.tile_size % stride != 0) {
    return CorruptError("has tiles of " + std::to_string(h.tile_size) + " pixels, which its model cannot decode");
  }
  return {};
}

/// That nothing in the file is beyond this version.
Status CheckChunks(const std::vector<ExtraChunk>& chunks) {
  for (const ExtraChunk& chunk : chunks) {
    if (chunk.type[0] >= 'a' || chunk.type == kRangeType || IsOutlierChunk(chunk)) continue;
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

}  // namespace

struct Codec::Impl {
  Impl(std::shared_ptr<Model> m, Precision precision)
      : model(std::move(m)),
        transform(MakeImageTransform(*model, precision == Precision::kInteger)),
        coder(MakeLatentCoder(*model)),
        y_hat(transform->integer(), model->architecture.latent_channels) {}

  const std::shared_ptr<Model> model;
  const std::unique_ptr<ImageTransform> transform;
  const std::unique_ptr<LatentCoder> coder;
  std::vector<ExtraChunk> extra;
  uint32_t tile_size = ContainerHeader().tile_size;
  QualityMap map;
  bool planar = false;
  LatentPlane y_hat;  // memory of one image, kept for the next one
  bool used = false;  // an image was coded: what the next one needs is likely to be there

  const Architecture& architecture() const { return model->architecture; }
  ContainerHeader HeaderFor(int width, int height) const;
  CodingPoint PointOf(const ContainerHeader& header, double thrift = 1) const;
  Result<TileGrid> GridToPrepare(int width, int height) const;
  Result<AnalysedImage> Analyse(const Image& image);
  Result<Container> Encode(const AnalysedImage& image, int quality, double thrift, CompressStats* stats);
  void PrepareDecoding(const Tile& tile, const LatentPart& part);
  Result<Image> Decompress(const Container& container, const Region& region);
};

ContainerHeader Codec::Impl::HeaderFor(int width, int height) const {
  ContainerHeader header;
  header.width = static_cast<uint32_t>(width), header.height = static_cast<uint32_t>(height);
  header.model = model->id;
  header.tile_size = tile_size;
  if (architecture().prior != PriorType::kFactorized) {
    header.map_strength = map.strength, header.map_reference = map.reference;
    header.planar = planar && !model->prior.coarse().empty();
  }
  const auto least = static_cast<uint32_t>(std::max(architecture().hyper_stride, architecture().tile));
  while (header.tile_size < least) header.tile_size *= 2;
  return header;
}

CodingPoint Codec::Impl::PointOf(const ContainerHeader& header, double thrift) const {
  const bool gray = header.channels < architecture().image_channels;
  return {header.quality, gray, thrift, {header.map_strength, header.map_reference}, header.planar};
}

Result<TileGrid> Codec::Impl::GridToPrepare(int width, int height) const {
  if (model->use == ModelUse::kDecompression) return ModelError("the model was loaded for decompression only");
  if (!SizeIsPossible(width, height)) return InputError("an image of " + Size(width, height) + " cannot be compressed");
  return MakeTileGrid(HeaderFor(width, height), architecture());
}

Result<AnalysedImage> Codec::Impl::Analyse(const Image& image) {
  AnalysedImage result;
  result.header = HeaderFor(image.width, image.height);
  result.header.channels = static_cast<uint8_t>(image.channels);
  result.header.bits = static_cast<uint8_t>(image.bits);
  result.range = ChooseRange(image), result.outliers = FindOutliers(image, result.range);
  const Image filled = result.outliers.empty() ? Image() : WithoutOutliers(image, result.range);
  const Image& seen = result.outliers.empty() ? image : filled;

  // The transforms see what is coded and no more: synthesis has nothing else. The prior sees zeros beyond, as in
  // training.
  const TileGrid grid = MakeTileGrid(result.header, architecture());
  const int64_t channels = architecture().latent_channels, row_stride = grid.padded.columns * channels;
  result.y = AlignedBuffer<float>(static_cast<size_t>(grid.padded.rows * row_stride));
  float* const y = result.y.data();
#pragma omp parallel for schedule(static)  // see IntegerConv::FillBorder
  for (int64_t row = 0; row < grid.padded.rows; ++row) {
    const int64_t used_columns = row < grid.coded.rows ? grid.coded.columns * channels : 0;
    std::fill_n(y + row * row_stride + used_columns, row_stride - used_columns, 0.f);
  }
  AECOMP_RETURN_IF_ERROR(transform->Analyse(seen, result.range, grid, y, row_stride));
  return result;
}

Result<Container> Codec::Impl::Encode(const AnalysedImage& image, int quality, double thrift, CompressStats* stats) {
  used = true;
  Container container;
  container.header = image.header;
  container.header.quality = static_cast<uint8_t>(quality);
  container.extra = extra;
  if (image.header.bits == 16) container.extra.push_back(RangeChunk(image.range));
  if (!image.outliers.empty()) container.extra.push_back(OutlierChunk(image.outliers));
  const TileGrid grid = MakeTileGrid(image.header, architecture());
  const CodingPoint point = PointOf(container.header, thrift);
  const LatentView y = ViewOf(image.y, grid.padded, architecture().latent_channels);
  AECOMP_ASSIGN_OR_RETURN(container.tiles, coder->Encode(point, grid.tiles, y, stats));
  return container;
}

/// What the first image needs, by two threads side by side. What fails here will fail again where it is needed.
void Codec::Impl::PrepareDecoding(const Tile& tile, const LatentPart& part) {
  const int threads = omp_get_max_threads();
  if (std::exchange(used, true) || threads < 2) return;
  const auto quietly = [threads](const auto& prepare) {
    const AloneScope alone(threads);
    try {
      (void)prepare();
    } catch (const std::exception&) {
    }
  };
  const std::jthread other([&] { quietly([&] { return transform->PrepareSynthesis(part); }); });
  quietly([&] { return coder->PrepareDecoder(tile); });
}

Result<Image> Codec::Impl::Decompress(const Container& container, const Region& region) {
  const ContainerHeader& header = container.header;
  AECOMP_RETURN_IF_ERROR(CheckHeader(header, *model));
  AECOMP_RETURN_IF_ERROR(CheckChunks(container.extra));
  if (!region.LiesWithin(header.width, header.height)) {
    return UsageError("is " + Size(header.width, header.height) + " pixels: the region does not lie within it");
  }
  AECOMP_ASSIGN_OR_RETURN(const SampleRange range, ReadRange(container));
  AECOMP_ASSIGN_OR_RETURN(const Outliers outliers, ReadOutliers(container, range));
  const TileGrid grid = MakeTileGrid(header, architecture());
  AECOMP_RETURN_IF_ERROR(CheckStreams(container, grid, coder->LeastStreams()));

  const int stride = architecture().latent_stride;
  const RegionTiles part = TilesOf(region, grid, stride, transform->decoder_halo());
  y_hat.Resize(part.kept.rows, part.kept.columns);
  PrepareDecoding(grid.tiles.front(), part.needed);
  std::vector<StoredTile> stored;
  for (const size_t i : part.tiles) {
    Tile tile = grid.tiles[i];
    tile.row -= part.row, tile.column -= part.column;
    stored.push_back({i, tile, &container.tiles[i]});
  }
  AECOMP_RETURN_IF_ERROR(coder->Decode(PointOf(header), stored, y_hat));

  // Pixels of all that was needed, then those that were asked for.
  const int64_t top = int64_t{part.row + part.needed.row} * stride, bottom = top + int64_t{part.needed.rows} * stride;
  const int64_t left = int64_t{part.column + part.needed.column} * stride;
  const int64_t right = left + int64_t{part.needed.columns} * stride;
  Image image(static_cast<int>(std::min<int64_t>(right, header.width) - left),
              static_cast<int>(std::min<int64_t>(bottom, header.height) - top), header.channels, header.bits);
  AECOMP_RETURN_IF_ERROR(transform->Synthesise(y_hat, part.needed, grid, range, image));
  const bool all = image.width == region.width && image.height == region.height;
  Image wanted = all ? std::move(image) : Crop(image, {region.x - left, region.y - top, region.width, region.height});
  RestoreOutliers(outliers, header.width, region, wanted);
  return wanted;
}

Codec::Codec(std::shared_ptr<Model> model, Precision precision)
    : impl_(std::make_unique<Impl>(std::move(model), precision)) {}
Codec::~Codec() = default;
const Model& Codec::model() const { return *impl_->model; }

void Codec::SetExtraChunks(std::vector<ExtraChunk> chunks) { impl_->extra = std::move(chunks); }
void Codec::SetTileSize(uint32_t size) { impl_->tile_size = size; }
void Codec::SetTuning(Tuning tuning) {
  impl_->map = tuning == Tuning::kVisual ? VisualQualityMap(impl_->architecture().latent_channels) : QualityMap();
  impl_->planar = tuning == Tuning::kVisual;
}
void Codec::SetQualityMap(const QualityMap& map) { impl_->map = map; }
void Codec::SetPlanar(bool planar) { impl_->planar = planar; }

Status Codec::PrepareAnalysis(int width, int height) {
  AECOMP_ASSIGN_OR_RETURN(const TileGrid grid, impl_->GridToPrepare(width, height));
  try {
    return impl_->transform->PrepareAnalysis(grid);
  } catch (const std::exception& e) {  // out of memory, dnnl::error
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be made ready: ") + e.what());
  }
}

Status Codec::PrepareCoding(int width, int height) {
  AECOMP_ASSIGN_OR_RETURN(const TileGrid grid, impl_->GridToPrepare(width, height));
  try {
    return impl_->coder->PrepareEncoder(grid.tiles.front());
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be made ready: ") + e.what());
  }
}

Result<std::vector<uint8_t>> Codec::Compress(const Image& image, int quality, CompressStats* stats) {
  AECOMP_ASSIGN_OR_RETURN(const AnalysedImage analysed, Analyse(image));
  return Encode(analysed, quality, 1, stats);
}

Result<AnalysedImage> Codec::Analyse(const Image& image) {
  if (impl_->model->use == ModelUse::kDecompression) return ModelError("the model was loaded for decompression only");
  AECOMP_RETURN_IF_ERROR(CheckImage(image, impl_->architecture()));
  try {
    return impl_->Analyse(image);
  } catch (const std::exception& e) {  // out of memory, dnnl::error
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be compressed: ") + e.what());
  }
}

Result<std::vector<uint8_t>> Codec::Encode(const AnalysedImage& image, int quality, double thrift,
                                           CompressStats* stats) {
  const int most = impl_->architecture().max_quality();
  if (quality < 0 || quality > most) {
    return UsageError("quality " + std::to_string(quality) + " is not in 0 .. " + std::to_string(most));
  }
  if (stats != nullptr) *stats = {};
  try {
    AECOMP_ASSIGN_OR_RETURN(const Container container, impl_->Encode(image, quality, thrift, stats));
    return SerializeContainer(container);
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be compressed: ") + e.what());
  }
}

Result<Image> Codec::Decompress(const Container& container, const std::string& name) {
  return Decompress(container, name, {0, 0, container.header.width, container.header.height});
}

Result<Image> Codec::Decompress(const Container& container, const std::string& name, const Region& region) {
  if (impl_->model->use == ModelUse::kCompression) return ModelError("the model was loaded for compression only");
  try {
    auto image = impl_->Decompress(container, region);
    if (image.ok()) return image;
    return Status(image.status().code(), name + ": " + image.status().message());
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return CorruptError(name + ": cannot be decompressed: " + e.what());
  }
}

}  // namespace aecomp
