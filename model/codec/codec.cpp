#include "model/codec/codec.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <thread>

#include "io/bytes.h"
#include "model/base/onednn.h"
#include "model/codec/factorized_coder.h"
#include "model/codec/float_rate.h"
#include "model/codec/parallel_streams.h"
#include "model/codec/tile_coder.h"
#include "model/codec/tile_streams.h"
#include "model/codec/tile_transform.h"
#include "model/codec/tiles.h"
#include "model/codec/window_transform.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {
namespace {

constexpr size_t kMostTileCoders = 2;  // those of an image differ little, or are the narrow ones of its last column

// A chunk of 16-bit files: the lowest and the highest sample, between which the network sees the image.
constexpr std::array<char, 4> kRangeType = {'R', 'a', 'n', 'g'};

/// 8 bits are seen as they are; 16 bits between the lowest and the highest sample, since they may hold 12 or 14.
SampleRange RangeOf(const Image& image) {
  if (image.bits == 8) return {};
  const auto* samples = reinterpret_cast<const uint16_t*>(image.pixels.data());
  const auto [low, high] = std::minmax_element(samples, samples + image.pixels.size() / 2);
  const int lowest = std::min<int>(*low, 65534);
  return {static_cast<float>(lowest), static_cast<float>(std::max<int>(*high, lowest + 1))};
}

ExtraChunk RangeChunk(const SampleRange& range) {
  ByteWriter writer;
  for (const float v : {range.low, range.high}) {
    writer.U8(static_cast<uint8_t>(static_cast<int>(v) & 255));
    writer.U8(static_cast<uint8_t>(static_cast<int>(v) >> 8));
  }
  return {kRangeType, {writer.bytes().begin(), writer.bytes().end()}};
}

Result<SampleRange> ReadRange(const Container& container) {
  if (container.header.bits == 8) return SampleRange{};
  for (const ExtraChunk& chunk : container.extra) {
    if (chunk.type != kRangeType) continue;
    const std::vector<uint8_t>& p = chunk.payload;
    if (p.size() != 4) break;
    const int low = p[0] | p[1] << 8, high = p[2] | p[3] << 8;
    if (low >= high) break;
    return SampleRange{static_cast<float>(low), static_cast<float>(high)};
  }
  return CorruptError("has 16 bits a sample, but does not say in which range they lie");
}

/// Rows and columns of the y of an image that covers all tiles, with or without their padding.
struct Plane {
  int rows = 0, columns = 0;
};
Plane CodedPlane(const std::vector<Tile>& tiles) {
  return {tiles.back().row + tiles.back().coded_h, tiles.back().column + tiles.back().coded_w};
}
Plane PaddedPlane(const std::vector<Tile>& tiles) {
  return {tiles.back().row + tiles.back().h, tiles.back().column + tiles.back().w};
}

}  // namespace

struct Codec::Impl {
  Impl(std::shared_ptr<Model> m, Precision precision) : model(std::move(m)) {
    if (model->architecture.tile != 0) {
      tile_transform.emplace(*model);
    } else {
      transform.emplace(*model, precision == Precision::kInteger);
    }
    y_hat.emplace(transform && transform->integer(), model->architecture.latent_channels);
  }

  std::shared_ptr<Model> model;
  std::optional<WindowTransform> transform;
  std::optional<TileTransform> tile_transform;  // of networks of one image size, in place of the other
  std::vector<std::unique_ptr<TileCoder>> tile_coders;
  AlignedBuffer<float> y;            // of a whole image, before gain
  std::optional<LatentPlane> y_hat;  // what is restored from a file
  std::vector<ExtraChunk> extra;
  uint32_t tile_size = ContainerHeader().tile_size;
  // Of the image whose y this is; width 0: none.
  ContainerHeader analysed;
  SampleRange range;

  ContainerHeader HeaderFor(int width, int height) const;
  Status PrepareAnalysis(int width, int height);
  Status PrepareCoding(int width, int height);
  Result<TileCoder*> CoderFor(const Tile& tile);
  LatentView ViewOf(const Plane& plane) const;
  void ReserveY(const Plane& plane);
  Status Analyse(const Image& image);
  Result<Container> Encode(int quality, double thrift, CompressStats* stats);
  Result<Image> Decompress(const Container& container, const Region& region);
  Result<Image> Decode(const Container& container, const SampleRange& sample_range, const Region& region);
  Status CheckHeader(const ContainerHeader& header) const;
  TileQuality QualityFor(const ContainerHeader& header, double thrift) const;
  void PrepareDecoding(const Tile& tile, int rows, int columns);
  Status DecodeTile(int quality, const TileQuality& q, const Tile& tile, const TileStreams& streams);
};

Result<TileCoder*> Codec::Impl::CoderFor(const Tile& tile) {
  for (auto& coder : tile_coders) {
    if (coder->Fits(tile)) return coder.get();
  }
  if (tile_coders.size() >= kMostTileCoders) tile_coders.erase(tile_coders.begin());
  AECOMP_ASSIGN_OR_RETURN(auto coder, TileCoder::Create(*model, tile));
  tile_coders.push_back(std::move(coder));
  return tile_coders.back().get();
}

/// y of an image that is `plane` positions large.
LatentView Codec::Impl::ViewOf(const Plane& plane) const {
  const int channels = model->architecture.latent_channels;
  return {y.data(), plane.columns * int64_t{channels}, channels};
}

void Codec::Impl::ReserveY(const Plane& plane) {
  const size_t size = static_cast<size_t>(plane.rows) * static_cast<size_t>(plane.columns) *
                      static_cast<size_t>(model->architecture.latent_channels);
  if (y.size() < size) y = AlignedBuffer<float>(size);
}

ContainerHeader Codec::Impl::HeaderFor(int width, int height) const {
  const Architecture& a = model->architecture;
  ContainerHeader header;
  header.width = static_cast<uint32_t>(width), header.height = static_cast<uint32_t>(height);
  header.model = model->id;
  header.tile_size = tile_size;
  while (header.tile_size < static_cast<uint32_t>(std::max(a.hyper_stride, a.tile))) header.tile_size *= 2;
  return header;
}

Status Codec::Impl::PrepareAnalysis(int width, int height) {
  if (!transform) return {};
  const Plane coded = CodedPlane(MakeTiles(HeaderFor(width, height), model->architecture));
  return transform->PrepareEncoder(coded.rows, coded.columns);
}

Status Codec::Impl::PrepareCoding(int width, int height) {
  const std::vector<Tile> tiles = MakeTiles(HeaderFor(width, height), model->architecture);
  if (model->architecture.prior == PriorType::kFactorized) return {};
  AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tiles.front()));
  return coder->PrepareEncoder(tiles.front());
}

Status Codec::Impl::Analyse(const Image& image) {
  const Architecture& a = model->architecture;
  analysed = {};
  ContainerHeader header = HeaderFor(image.width, image.height);
  header.channels = static_cast<uint8_t>(image.channels);
  header.bits = static_cast<uint8_t>(image.bits);
  range = RangeOf(image);

  // The transforms see what is coded and no more: synthesis has nothing else. The prior sees zeros beyond, as in
  // training.
  const std::vector<Tile> tiles = MakeTiles(header, a);
  const Plane plane = PaddedPlane(tiles), coded = CodedPlane(tiles);
  ReserveY(plane);
  const int64_t row_stride = plane.columns * int64_t{a.latent_channels};
#pragma omp parallel for schedule(static)  // see IntegerConv::FillBorder
  for (int64_t row = 0; row < plane.rows; ++row) {
    const int64_t used = row < coded.rows ? coded.columns * int64_t{a.latent_channels} : 0;
    std::fill_n(y.data() + row * row_stride + used, row_stride - used, 0.f);
  }
  AECOMP_RETURN_IF_ERROR(tile_transform
                             ? tile_transform->Analyse(image, range, header.tile_size, tiles, y.data(), row_stride)
                             : transform->Analyse(image, range, coded.rows, coded.columns, y.data(), row_stride));
  analysed = header;
  return {};
}

TileQuality Codec::Impl::QualityFor(const ContainerHeader& header, double thrift) const {
  return TileQualityAt(*model, header.quality, thrift, header.channels < model->architecture.image_channels);
}

Result<Container> Codec::Impl::Encode(int quality, double thrift, CompressStats* stats) {
  Container container;
  container.header = analysed;
  container.extra = extra;
  if (analysed.bits == 16) container.extra.push_back(RangeChunk(range));
  container.header.quality = static_cast<uint8_t>(quality);
  const std::vector<Tile> tiles = MakeTiles(container.header, model->architecture);
  const Plane plane = PaddedPlane(tiles);
  if (model->architecture.prior == PriorType::kFactorized) {
    const FactorizedCoder coder(*model, quality, thrift);
    container.tiles = coder.Encode(tiles, ViewOf(plane));
    if (stats != nullptr) stats->estimated_bits = coder.EstimateBits(tiles, ViewOf(plane));
    return container;
  }
  const TileQuality q = QualityFor(container.header, thrift);
  std::vector<CodedSymbols> coded;
  for (const Tile& tile : tiles) {
    AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tile));
    AECOMP_ASSIGN_OR_RETURN(TileSymbols symbols, coder->Encode(q, tile, ViewOf(plane)));
    if (stats != nullptr) {
      AECOMP_ASSIGN_OR_RETURN(const double bits, EstimateBits(*model, q, tile, symbols));
      stats->estimated_bits += bits;
    }
    coded.push_back(ListSymbols(model->prior, quality, tile, std::move(symbols)));
  }
  AECOMP_ASSIGN_OR_RETURN(container.tiles, EncodeStreams(model->prior, coded));
  return container;
}

Status Codec::Impl::CheckHeader(const ContainerHeader& h) const {
  const Architecture& a = model->architecture;
  if (h.model != model->id) {
    return ModelError("was made with model " + ToHex(h.model) + ", not with " + ToHex(model->id) +
                      "; name its model with -m");
  }
  if (h.width < 1 || h.height < 1 || h.width > kMaxSide || h.height > kMaxSide)
    return CorruptError("has an impossible size");
  if (h.bits != 8 && h.bits != 16)
    return CorruptError("has " + std::to_string(h.bits) + " bits a sample, which this version cannot decode");
  if (h.channels != 1 && h.channels != a.image_channels) {
    return CorruptError("has " + std::to_string(h.channels) + " channels, but its model " +
                        std::to_string(a.image_channels));
  }
  if (h.quality > a.max_quality())
    return CorruptError("has a quality of " + std::to_string(h.quality) + ", beyond its model's");
  const uint32_t tile = static_cast<uint32_t>(a.tile), stride = tile != 0 ? 1 : static_cast<uint32_t>(a.hyper_stride);
  if (h.tile_size < std::max(tile, 1u) || h.tile_size > kMaxTileSize || h.tile_size % stride != 0) {
    return CorruptError("has tiles of " + std::to_string(h.tile_size) + " pixels, which its model cannot decode");
  }
  return {};
}

/// What the first image needs, by two threads side by side. What fails here will fail again where it is needed.
void Codec::Impl::PrepareDecoding(const Tile& tile, int rows, int columns) {
  const int threads = omp_get_max_threads();
  if (threads < 2 || !tile_coders.empty() || !transform || model->architecture.prior == PriorType::kFactorized) return;
  const int levels = omp_get_max_active_levels();
  const std::jthread other([&] {
    omp_set_num_threads(threads);  // for as many as will run it, but by this one alone
    omp_set_max_active_levels(0);
    try {
      (void)transform->PrepareDecoder(rows, columns);
    } catch (const std::exception&) {
    }
  });
  omp_set_max_active_levels(0);
  try {
    if (const auto coder = CoderFor(tile); coder.ok()) (void)coder.value()->PreparePrior(tile);
  } catch (const std::exception&) {
  }
  omp_set_max_active_levels(levels);
}

/// y^ of one tile.
Status Codec::Impl::DecodeTile(int quality, const TileQuality& q, const Tile& tile, const TileStreams& streams) {
  if (model->architecture.prior == PriorType::kFactorized) {
    return FactorizedCoder(*model, quality).Decode(tile, streams, *y_hat);
  }
  AECOMP_ASSIGN_OR_RETURN(TileCoder * coder, CoderFor(tile));
  SymbolReader symbols(model->prior, quality, streams);
  return coder->Decode(q, tile, symbols, *y_hat);
}

Result<Image> Codec::Impl::Decompress(const Container& container, const Region& region) {
  const ContainerHeader& header = container.header;
  AECOMP_RETURN_IF_ERROR(CheckHeader(header));
  for (const ExtraChunk& chunk : container.extra) {
    const std::string type(chunk.type.begin(), chunk.type.end());
    if (type[0] < 'a' && chunk.type != kRangeType)
      return CorruptError("has a chunk " + type + " that this version cannot decode; use a newer one");
  }
  if (!region.LiesWithin(header.width, header.height)) {
    return UsageError("is " + std::to_string(header.width) + "x" + std::to_string(header.height) +
                      " pixels: the region does not lie within it");
  }
  AECOMP_ASSIGN_OR_RETURN(const SampleRange sample_range, ReadRange(container));
  return Decode(container, sample_range, region);
}

/// From `begin` to `end`, in elements of y.
struct Span {
  int begin = 0, end = 0;
};

/// The elements that `size` pixels from `first` depend on, of `count`.
Span Needed(int64_t first, int64_t size, int stride, int halo, int count) {
  if (halo >= count) return {0, count};
  const auto begin = static_cast<int>(first / stride), end = DivideUp(first + size, stride);
  return {std::max(0, begin - halo), std::min(count, end + halo)};
}

Result<Image> Codec::Impl::Decode(const Container& container, const SampleRange& sample_range, const Region& region) {
  const ContainerHeader& header = container.header;
  const Architecture& a = model->architecture;
  const std::vector<Tile> tiles = MakeTiles(header, a);
  const bool factorized = a.prior == PriorType::kFactorized;
  if (container.tiles.size() != tiles.size()) return CorruptError("corrupt: it has too few or too many tiles");
  for (const TileStreams& t : container.tiles) {
    if (t.streams.size() < (factorized ? 1 : LeastStreams(model->prior)))
      return CorruptError("corrupt: a tile lacks streams");
  }
  const Plane plane = CodedPlane(tiles);
  const int stride = a.latent_stride, halo = transform ? transform->decoder_halo() : plane.rows + plane.columns;
  const Span rows = Needed(region.y, region.height, stride, halo, plane.rows);
  const Span columns = Needed(region.x, region.width, stride, halo, plane.columns);

  // y^ is kept for the tiles that are decoded: a rectangle of whole tiles.
  const int side = static_cast<int>(header.tile_size) / stride;
  const Span kept_rows{rows.begin / side * side, std::min(plane.rows, DivideUp(rows.end, side) * side)};
  const Span kept_columns{columns.begin / side * side, std::min(plane.columns, DivideUp(columns.end, side) * side)};
  const Plane kept{kept_rows.end - kept_rows.begin, kept_columns.end - kept_columns.begin};
  y_hat->Resize(kept.rows, kept.columns);
  PrepareDecoding(tiles.front(), rows.end - rows.begin, columns.end - columns.begin);
  const TileQuality q = factorized ? TileQuality() : QualityFor(header, 1);
  for (size_t i = 0; i < tiles.size(); ++i) {
    Tile tile = tiles[i];
    if (tile.row + tile.coded_h <= rows.begin || tile.row >= rows.end || tile.column + tile.coded_w <= columns.begin ||
        tile.column >= columns.end) {
      continue;
    }
    tile.row -= kept_rows.begin, tile.column -= kept_columns.begin;
    const Status status = DecodeTile(header.quality, q, tile, container.tiles[i]);
    if (!status.ok()) return Status(status.code(), "corrupt: tile " + std::to_string(i) + ": " + status.message());
  }

  // Pixels of all that was needed, then those that were asked for.
  const int left = columns.begin * stride, top = rows.begin * stride;
  const int64_t right = int64_t{columns.end} * stride, bottom = int64_t{rows.end} * stride;
  Image image(static_cast<int>(std::min<int64_t>(right, header.width)) - left,
              static_cast<int>(std::min<int64_t>(bottom, header.height)) - top, header.channels, header.bits);
  const int first_row = rows.begin - kept_rows.begin, first_column = columns.begin - kept_columns.begin;
  if (transform && transform->integer()) {
    AECOMP_RETURN_IF_ERROR(transform->Synthesise(y_hat->Integers(first_row, first_column), rows.end - rows.begin,
                                                 columns.end - columns.begin, y_hat->row_stride(), sample_range,
                                                 image));
  } else if (transform) {
    AECOMP_RETURN_IF_ERROR(transform->Synthesise(y_hat->Floats(first_row, first_column), rows.end - rows.begin,
                                                 columns.end - columns.begin, y_hat->row_stride(), sample_range,
                                                 image));
  } else {
    AECOMP_RETURN_IF_ERROR(tile_transform->Synthesise(y_hat->Floats(first_row, first_column), y_hat->row_stride(),
                                                      header.tile_size, tiles, sample_range, image));
  }
  if (image.width == region.width && image.height == region.height) return image;
  return Crop(image, {region.x - left, region.y - top, region.width, region.height});
}

Codec::Codec(std::shared_ptr<Model> model, Precision precision)
    : impl_(std::make_unique<Impl>(std::move(model), precision)) {}
Codec::~Codec() = default;
const Model& Codec::model() const { return *impl_->model; }

void Codec::SetExtraChunks(std::vector<ExtraChunk> chunks) { impl_->extra = std::move(chunks); }
void Codec::SetTileSize(uint32_t size) { impl_->tile_size = size; }

Result<std::vector<uint8_t>> Codec::Compress(const Image& image, int quality, CompressStats* stats) {
  AECOMP_RETURN_IF_ERROR(Analyse(image));
  return Encode(quality, 1, stats);
}

/// part: a member of Impl.
template <class Part>
Status Codec::Prepare(int width, int height, Part part) {
  if (impl_->model->use == ModelUse::kDecompression) return ModelError("the model was loaded for decompression only");
  if (width < 1 || height < 1 || static_cast<uint32_t>(width) > kMaxSide || static_cast<uint32_t>(height) > kMaxSide ||
      uint64_t(width) * uint64_t(height) > kMaxPixels) {
    return InputError("an image of " + std::to_string(width) + "x" + std::to_string(height) + " cannot be compressed");
  }
  try {
    return (impl_.get()->*part)(width, height);
  } catch (const std::exception& e) {  // out of memory, dnnl::error
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be made ready: ") + e.what());
  }
}

Status Codec::PrepareAnalysis(int width, int height) { return Prepare(width, height, &Impl::PrepareAnalysis); }
Status Codec::PrepareCoding(int width, int height) { return Prepare(width, height, &Impl::PrepareCoding); }

Status Codec::Analyse(const Image& image) {
  if (impl_->model->use == ModelUse::kDecompression) return ModelError("the model was loaded for decompression only");
  if (image.width < 1 || image.height < 1 || (image.bits != 8 && image.bits != 16) ||
      (image.channels != 1 && image.channels != 3) ||
      image.pixels.size() != Image::ByteSize(image.width, image.height, image.channels, image.bits)) {
    return InputError("a gray or RGB image of 8 or 16 bits and at least 1x1 pixel is expected");
  }
  if (static_cast<uint32_t>(image.width) > kMaxSide || static_cast<uint32_t>(image.height) > kMaxSide ||
      uint64_t(image.width) * uint64_t(image.height) > kMaxPixels) {
    return InputError("an image of " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                      " is too large; split it");
  }
  if (image.channels > impl_->model->architecture.image_channels)
    return InputError(
        "the image has colours, but this model codes gray images only; convert the image to gray first (such as with "
        "ImageMagick: convert IN -colorspace Gray OUT.png), or name a model of colour images with -m");
  try {
    return impl_->Analyse(image);
  } catch (const std::exception& e) {  // out of memory, dnnl::error
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be compressed: ") + e.what());
  }
}

Result<std::vector<uint8_t>> Codec::Encode(int quality, double thrift, CompressStats* stats) {
  const Architecture& a = impl_->model->architecture;
  if (quality < 0 || quality > a.max_quality()) {
    return UsageError("quality " + std::to_string(quality) + " is not in 0 .. " + std::to_string(a.max_quality()));
  }
  if (impl_->analysed.width == 0) return UsageError("nothing to encode: no image was analysed");
  if (stats != nullptr) *stats = {};
  try {
    AECOMP_ASSIGN_OR_RETURN(const Container container, impl_->Encode(quality, thrift, stats));
    const size_t z_streams = a.prior == PriorType::kFactorized ? 0 : 1;
    for (const TileStreams& t : container.tiles) {
      if (stats == nullptr) break;
      if (z_streams > 0) stats->z_bytes += t.streams[0].size();
      for (size_t i = z_streams; i < t.streams.size(); ++i) stats->y_bytes += t.streams[i].size();
    }
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
