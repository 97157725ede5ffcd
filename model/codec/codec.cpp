#include "model/codec/codec.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "model/base/alone_scope.h"
#include "model/base/onednn.h"
#include "model/codec/band_decoder.h"
#include "model/codec/codec_checks.h"
#include "model/codec/filter_layer.h"
#include "model/codec/image_transform.h"
#include "model/codec/outliers.h"
#include "model/codec/residual_layer.h"
#include "model/codec/sample_range_chunk.h"

namespace aecomp {
namespace {

/// The latents of an image whose tiles with their padding cover `plane`.
LatentView ViewOf(const AnalysedImage& image, const Plane& plane, int channels) {
  return {image.y.data(), plane.columns * int64_t{channels}, channels,
          image.symbols.empty() ? nullptr : image.symbols.data()};
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
  bool planar = false, filter = false;
  int base_tries = 1;
  double filter_strength = 1;
  LatentPlane y_hat;  // memory of one image, kept for the next one
  bool used = false;  // an image was coded: what the next one needs is likely to be there

  const Architecture& architecture() const { return model->architecture; }
  ContainerHeader HeaderFor(int width, int height) const;
  bool FitsFilters() const {
    return filter && model->use == ModelUse::kBoth && transform->integer() && architecture().tile == 0 &&
           architecture().prior != PriorType::kFactorized;
  }
  CodingPoint PointOf(const ContainerHeader& header, double thrift = 1) const;
  Result<TileGrid> GridToPrepare(int width, int height) const;
  Result<AnalysedImage> Analyse(const Image& image);
  Result<Container> Encode(const AnalysedImage& image, int quality, double thrift, CompressStats* stats);
  void PrepareDecoding(const Tile& tile, const LatentPart& part);
  Result<Image> Decompress(const Container& container, const Region& region);
  Result<BandDecoder> Bands(const Container& container);
  Status CheckExactly(const ContainerHeader& header, const Region& region) const;
  Result<Image> DecompressExactly(const Container& container, const Region& region, BandDecoder* bands);
  Result<Image> DecompressExactly(const Container& container, const Region& region);
  Status DecompressBands(const Container& container, const Region& region, const BandSink& sink);
  Result<Container> EncodeExactly(const Image& image, int most_error, std::optional<int> base_quality);
};

ContainerHeader Codec::Impl::HeaderFor(int width, int height) const {
  ContainerHeader header;
  header.width = static_cast<uint32_t>(width), header.height = static_cast<uint32_t>(height);
  header.model = model->id;
  header.tile_size = tile_size;
  if (architecture().prior != PriorType::kFactorized) {
    header.map_strength = map.strength, header.map_reference = map.reference;
    header.planar = planar && !model->prior.coarse().empty();
    header.z_context = !model->prior.z_context().empty();
  }
  const auto least = static_cast<uint32_t>(std::max(architecture().hyper_stride, architecture().tile));
  while (header.tile_size < least) header.tile_size *= 2;
  return header;
}

CodingPoint Codec::Impl::PointOf(const ContainerHeader& header, double thrift) const {
  const bool gray = header.channels < architecture().image_channels;
  return {header.quality, gray, thrift, {header.map_strength, header.map_reference}, header.planar, header.z_context};
}

Result<TileGrid> Codec::Impl::GridToPrepare(int width, int height) const {
  if (model->use == ModelUse::kDecompression) return ModelError("the model was loaded for decompression only");
  if (!SizeIsPossible(width, height)) return InputError("an image of " + Size(width, height) + " cannot be compressed");
  return MakeTileGrid(HeaderFor(width, height), architecture());
}

Result<AnalysedImage> Codec::Impl::Analyse(const Image& image) {
  AnalysedImage result;
  result.header = HeaderFor(image.width, image.height);
  if (FitsFilters()) result.picture = &image;
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
  const LatentView y = ViewOf(image, grid.padded, architecture().latent_channels);
  LatentPlane* const restored = image.picture != nullptr ? &y_hat : nullptr;
  if (restored != nullptr) restored->Resize(grid.coded.rows, grid.coded.columns);
  AECOMP_ASSIGN_OR_RETURN(container.tiles, coder->Encode(point, grid.tiles, y, stats, restored));
  if (restored == nullptr) return container;
  const double bits = BitsPerError(architecture(), quality, image.range, image.header.channels);
  const FilterFit fit{*transform, y_hat, grid, architecture().latent_stride, bits, filter_strength};
  AECOMP_ASSIGN_OR_RETURN(auto chunk, FitFilter(fit, *image.picture, image.range));
  if (chunk) container.extra.push_back(std::move(*chunk));
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

Result<BandDecoder> Codec::Impl::Bands(const Container& container) {
  return BandDecoder::Make(container, PointOf(container.header), {*model, *transform, *coder, y_hat});
}

Result<Image> Codec::Impl::Decompress(const Container& container, const Region& region) {
  AECOMP_ASSIGN_OR_RETURN(BandDecoder bands, Bands(container));
  AECOMP_ASSIGN_OR_RETURN(const RegionTiles part, bands.Needs(region));
  PrepareDecoding(bands.grid().tiles.front(), part.needed);
  return bands.Decode(region);
}

Result<Container> Codec::Impl::EncodeExactly(const Image& image, int most_error, std::optional<int> base_quality) {
  Container container;
  Image base;
  if (base_quality) {
    AECOMP_ASSIGN_OR_RETURN(AnalysedImage analysed, Analyse(image));
    analysed.picture = nullptr;  // the layer has what a filter would add
    AECOMP_ASSIGN_OR_RETURN(container, Encode(analysed, *base_quality, 1, nullptr));
    const Region all{0, 0, container.header.width, container.header.height};
    AECOMP_ASSIGN_OR_RETURN(base, Decompress(container, all));
  } else {
    container.header = HeaderFor(image.width, image.height);
    container.header.channels = static_cast<uint8_t>(image.channels);
    container.header.bits = static_cast<uint8_t>(image.bits);
    container.header.model = {};
    container.header.map_strength = container.header.map_reference = 0;
    container.header.planar = container.header.z_context = false;
    container.tiles.resize(size_t{container.header.tile_columns()} * container.header.tile_rows());
    container.extra = extra;
  }
  container.header.residual = true, container.header.base = base_quality.has_value();
  container.header.most_error = static_cast<uint32_t>(most_error);
  AECOMP_ASSIGN_OR_RETURN(auto streams, EncodeResiduals(container.header, image, base_quality ? &base : nullptr));
  for (size_t i = 0; i < streams.size(); ++i) container.tiles[i].streams.push_back(std::move(streams[i]));
  return container;
}

Status Codec::Impl::CheckExactly(const ContainerHeader& header, const Region& region) const {
  if (!region.LiesWithin(header.width, header.height)) {
    return UsageError("is " + Size(header.width, header.height) + " pixels: the region does not lie within it");
  }
  if (!header.base || transform->integer()) return {};
  return UsageError(
      "has a residual layer over pixels of the network, which must be computed in integers; decode it "
      "without --precision f32");
}

/// Whole tiles, as those are what the layer codes; then the part that was asked for. bands: of the base; null: none.
Result<Image> Codec::Impl::DecompressExactly(const Container& container, const Region& region, BandDecoder* bands) {
  const Region whole = WholeTiles(container.header, region);
  Image base;
  if (bands != nullptr) {
    AECOMP_ASSIGN_OR_RETURN(base, bands->Decode(whole));
  }
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodeResiduals(container, whole, bands != nullptr ? &base : nullptr));
  if (whole.width == region.width && whole.height == region.height) return image;
  return Crop(image, {region.x - whole.x, region.y - whole.y, region.width, region.height});
}

Result<Image> Codec::Impl::DecompressExactly(const Container& container, const Region& region) {
  AECOMP_RETURN_IF_ERROR(CheckChunks(container));
  AECOMP_RETURN_IF_ERROR(CheckExactly(container.header, region));
  if (!container.header.base) return DecompressExactly(container, region, nullptr);
  const Container base = BaseOf(container);
  AECOMP_ASSIGN_OR_RETURN(BandDecoder bands, Bands(base));
  return DecompressExactly(container, region, &bands);
}

Status Codec::Impl::DecompressBands(const Container& container, const Region& region, const BandSink& sink) {
  const ContainerHeader& header = container.header;
  AECOMP_RETURN_IF_ERROR(CheckChunks(container));
  if (header.residual) AECOMP_RETURN_IF_ERROR(CheckExactly(header, region));
  const Container base = header.residual && header.base ? BaseOf(container) : Container();
  std::optional<BandDecoder> bands;
  if (header.base) {
    AECOMP_ASSIGN_OR_RETURN(BandDecoder made, Bands(header.residual ? base : container));
    AECOMP_RETURN_IF_ERROR(made.Needs(region).status());
    bands.emplace(std::move(made));
  }
  const int64_t height = bands ? bands->band_height() : header.tile_size, end = region.y + region.height;
  for (int64_t y = region.y, below = 0; y < end; y = below) {
    below = std::min((y / height + 1) * height, end);
    const Region band{region.x, y, region.width, below - y};
    auto image = header.residual ? DecompressExactly(container, band, bands ? &*bands : nullptr) : bands->Decode(band);
    if (!image.ok()) return image.status();
    AECOMP_RETURN_IF_ERROR(sink(image.value(), y - region.y));
  }
  return {};
}

Codec::Codec(std::shared_ptr<Model> model, Precision precision)
    : impl_(std::make_unique<Impl>(std::move(model), precision)) {}
Codec::~Codec() = default;
const Model& Codec::model() const { return *impl_->model; }

void Codec::SetExtraChunks(std::vector<ExtraChunk> chunks) { impl_->extra = std::move(chunks); }
void Codec::SetTileSize(uint32_t size) { impl_->tile_size = size; }
void Codec::SetTuning(Tuning tuning) {
  impl_->map = tuning == Tuning::kVisual ? VisualQualityMap(impl_->architecture().usual_channels()) : QualityMap();
  impl_->planar = tuning == Tuning::kVisual;
  impl_->filter_strength = tuning == Tuning::kVisual ? kVisualFilterStrength : 1;
}
void Codec::SetQualityMap(const QualityMap& map) { impl_->map = map; }
void Codec::SetPlanar(bool planar) { impl_->planar = planar; }
void Codec::SetFilter(bool filter) { impl_->filter = filter; }
void Codec::SetBaseTries(int tries) { impl_->base_tries = tries; }
int Codec::base_tries() const { return impl_->base_tries; }

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
  AECOMP_RETURN_IF_ERROR(CheckImage(image, impl_->architecture().image_channels));
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

Result<LatentPrediction> Codec::Predict(const AnalysedImage& image, int quality) {
  ContainerHeader header = image.header;
  header.quality = static_cast<uint8_t>(quality);
  const TileGrid grid = MakeTileGrid(header, impl_->architecture());
  const LatentView y = ViewOf(image, grid.padded, impl_->architecture().latent_channels);
  try {
    return impl_->coder->Predict(impl_->PointOf(header), grid.tiles, grid.padded, y);
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be compressed: ") + e.what());
  }
}

Result<std::vector<uint8_t>> Codec::CompressExactly(const Image& image, int most_error,
                                                    std::optional<int> base_quality) {
  const int most = impl_->architecture().max_quality();
  if (most_error < 0 || most_error > static_cast<int>(kMaxResidualError)) {
    return UsageError("a largest error of " + std::to_string(most_error) + " is not in 0 .. " +
                      std::to_string(kMaxResidualError));
  }
  if (base_quality && (*base_quality < 0 || *base_quality > most)) {
    return UsageError("quality " + std::to_string(*base_quality) + " is not in 0 .. " + std::to_string(most));
  }
  if (base_quality && !CanBeBase()) return ModelError("the model cannot be the base of a residual layer");
  // Without a base there is no model that an image could be too colourful for.
  AECOMP_RETURN_IF_ERROR(CheckImage(image, base_quality ? impl_->architecture().image_channels : 3));
  try {
    AECOMP_ASSIGN_OR_RETURN(const Container container, impl_->EncodeExactly(image, most_error, base_quality));
    return SerializeContainer(container);
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return InputError(std::string("cannot be compressed: ") + e.what());
  }
}

bool Codec::CanBeBase() const { return impl_->model->use == ModelUse::kBoth && impl_->transform->integer(); }

Result<Image> Codec::Decompress(const Container& container, const std::string& name) {
  return Decompress(container, name, {0, 0, container.header.width, container.header.height});
}

Result<Image> Codec::DecompressOwn(std::span<const uint8_t> file) {
  AECOMP_ASSIGN_OR_RETURN(const Container container, ParseContainer(file, "the file"));
  return Decompress(container, "the file");
}

Result<Image> Codec::Decompress(const Container& container, const std::string& name, const Region& region) {
  Result<Image> image = Image();
  const Status done = Decoding(container, name, [&] {
    image =
        container.header.residual ? impl_->DecompressExactly(container, region) : impl_->Decompress(container, region);
    return image.status();
  });
  if (!done.ok()) return done;
  return image;
}

Status Codec::DecompressBands(const Container& container, const std::string& name, const Region& region,
                              const BandSink& sink) {
  return Decoding(container, name, [&] { return impl_->DecompressBands(container, region, sink); });
}

Status Codec::Decoding(const Container& container, const std::string& name, const std::function<Status()>& decode) {
  if (impl_->model->use == ModelUse::kCompression && container.header.base) {
    return ModelError("the model was loaded for compression only");
  }
  try {
    const Status done = decode();
    return done.ok() ? done : Status(done.code(), name + ": " + done.message());
  } catch (const std::exception& e) {
    onednn::PassOnOutOfMemory(e);
    return CorruptError(name + ": cannot be decompressed: " + e.what());
  }
}

}  // namespace aecomp
