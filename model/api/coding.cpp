#include "model/api/coding.h"

#include <omp.h>

#include <cstring>
#include <functional>
#include <new>

#include "io/convert.h"
#include "io/formats/alpha.h"
#include "model/base/onednn.h"
#include "model/base/threads.h"
#include "model/codec/fill_in.h"
#include "model/codec/rate_control.h"
#include "model/codec/reduced.h"

namespace aecomp::api {
namespace {

using libaecomp::CompressOptions;
using libaecomp::ImageView;

constexpr const char* kBytes = "the given bytes";  // what messages call a file that has no name here

/// The team size is a setting of the calling thread, which is not ours.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) {
    const int count = UsableThreads(threads);
    omp_set_num_threads(count);
    KeepWaitsShort(count);
  }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

Status CheckImage(const ImageView& image) {
  const auto invalid = [](const std::string& what) { return Error(StatusCode::kInvalidArgument, what); };
  if (image.data == nullptr) return invalid("the image has no pixels: data is null");
  if (image.width < 1 || image.height < 1) {
    return invalid("the image is " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                   " pixels; at least 1x1 is needed");
  }
  if (image.channels < 1 || image.channels > 4) {
    return invalid("the image has " + std::to_string(image.channels) + " channels; 1 to 4 are possible");
  }
  if (image.bits != 8 && image.bits != 16) {
    return invalid("the image has " + std::to_string(image.bits) + " bits a sample; 8 or 16 are possible");
  }
  const auto row = static_cast<int64_t>(Image::ByteSize(image.width, 1, image.channels, image.bits));
  if (image.stride != 0 && std::abs(int64_t{image.stride}) < row) {
    return invalid("a stride of " + std::to_string(image.stride) + " bytes is less than a row of " +
                   std::to_string(row));
  }
  if (static_cast<uint32_t>(image.width) > kMaxSide || static_cast<uint32_t>(image.height) > kMaxSide ||
      static_cast<uint64_t>(image.width) * static_cast<uint64_t>(image.height) > kMaxPixels) {
    return Error(StatusCode::kUnsupported, "an image of " + std::to_string(image.width) + "x" +
                                               std::to_string(image.height) + " is too large; split it");
  }
  return {};
}

Image CopyOf(const ImageView& view) {
  Image image(view.width, view.height, view.channels, view.bits);
  const size_t row = Image::ByteSize(view.width, 1, view.channels, view.bits);
  const ptrdiff_t stride = view.stride != 0 ? view.stride : static_cast<ptrdiff_t>(row);
  const auto* from = static_cast<const uint8_t*>(view.data);
  for (int y = 0; y < view.height; ++y) std::memcpy(image.Row(y), from + y * stride, row);
  return image;
}

libaecomp::Image PixelsOf(Image image) {
  return {image.width, image.height, image.channels, image.bits, std::move(image.pixels)};
}

Status Serialised(Codec& codec, const Image& image, const CompressOptions& options, std::vector<uint8_t>* bytes) {
  codec.SetTuning(options.tune == libaecomp::Tune::kPsnr ? Tuning::kPsnr : Tuning::kVisual);
  codec.SetFilter(true);
  if (options.target_bytes > 0) {
    const RateTarget target{RateTarget::Kind::kBytes, static_cast<double>(options.target_bytes)};
    auto result = CompressToTarget(codec, image, target);
    if (!result.ok()) return Translate(result.status());
    *bytes = std::move(result.value().bytes);
    return {};
  }
  if (options.max_error >= 0) {
    auto exact = codec.CompressExactly(image, options.max_error);
    if (!exact.ok()) return Translate(exact.status());
    *bytes = std::move(exact).value();
    return {};
  }
  auto result = CompressToQuality(codec, image, options.quality);
  if (!result.ok()) return Translate(result.status());
  *bytes = std::move(result.value().bytes);
  return {};
}

Result<std::unique_ptr<Model>> Load(std::optional<std::span<const uint8_t>> bytes, const std::string& file) {
  if (bytes) return ParseModel(*bytes, "the given model");
  if (!file.empty()) {
    auto model = ReadModel(file);
    // A file that is not there is the model's trouble here, not the image's.
    return model.ok() ? std::move(model) : ModelError(model.status().message());
  }
  if (EmbeddedModelFile().empty()) {
    return ModelError("this library was built without a model; name one with OpenOptions::model_file");
  }
  return ParseModel(EmbeddedModelFile(), "the built-in model");
}

}  // namespace

Status Translate(const aecomp::Status& status) {
  switch (status.code()) {
    case aecomp::StatusCode::kOk:
      return {};
    case aecomp::StatusCode::kUsage:  // of a codec that gets valid options, only a target
      return Error(StatusCode::kOutOfReach, status.message());
    case aecomp::StatusCode::kInput:
      return Error(StatusCode::kUnsupported, status.message());
    case aecomp::StatusCode::kCorrupt:
      return Error(StatusCode::kCorrupt, status.message());
    case aecomp::StatusCode::kModel:
      return Error(StatusCode::kModel, status.message());
    case aecomp::StatusCode::kMemory:
      return Error(StatusCode::kOutOfMemory, status.message());
    default:
      return Error(StatusCode::kInternal, status.message());
  }
}

Status GuardedCall(const std::function<Status()>& f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return {StatusCode::kOutOfMemory, "not enough memory"};
  } catch (const std::exception& error) {
    if (onednn::IsOutOfMemory(error)) return {StatusCode::kOutOfMemory, "not enough memory"};
    return {StatusCode::kInternal, std::string("internal error: ") + error.what()};
  }
}

Status Coding::Open(std::optional<std::span<const uint8_t>> bytes, const std::string& file, int threads,
                    std::unique_ptr<Coding>* coding) {
  if (threads < 0) return Error(StatusCode::kInvalidArgument, "the number of threads is negative");
  const ThreadScope scope(threads);
  auto model = Load(bytes, file);
  if (!model.ok()) return Translate(model.status());
  coding->reset(new Coding(std::shared_ptr<Model>(std::move(model).value()), threads));
  return {};
}

Status Coding::Compress(const ImageView& image, const CompressOptions& options, const Metadata& metadata,
                        std::vector<uint8_t>* bytes) {
  if (!(options.quality >= 0 && options.quality <= 100)) {  // also true for nan
    return Error(StatusCode::kInvalidArgument,
                 "a quality of " + std::to_string(options.quality) + " is not in 0 .. 100");
  }
  if (options.max_error > static_cast<int>(aecomp::kMaxResidualError)) {
    return Error(StatusCode::kInvalidArgument,
                 "a largest error of " + std::to_string(options.max_error) + " is above 32767");
  }
  if (options.max_error >= 0 && options.target_bytes > 0) {
    return Error(StatusCode::kInvalidArgument, "max_error and target_bytes exclude each other");
  }
  if (Status status = CheckImage(image); !status.ok()) return status;
  const ThreadScope threads(threads_);
  Image pixels = CopyOf(image);
  std::vector<ExtraChunk> chunks = MetadataChunks(metadata);
  if (!IsOpaque(pixels)) {
    auto chunk = AlphaChunk(AlphaOf(pixels));
    if (!chunk.ok()) return Translate(chunk.status());
    chunks.insert(chunks.begin(), std::move(chunk).value());
  }
  codec_.SetExtraChunks(std::move(chunks));
  return Serialised(codec_, WithoutAlpha(std::move(pixels)), options, bytes);
}

/// All that can be refused without decoding. metadata: null where nobody asks.
Status Coding::Parse(std::span<const uint8_t> bytes, const std::optional<Region>& region, Container* container,
                     Metadata* metadata) const {
  auto parsed = ParseContainer(bytes, kBytes);
  if (!parsed.ok()) return Translate(parsed.status());
  *container = std::move(parsed).value();
  const ContainerHeader& header = container->header;
  if (region && !region->LiesWithin(header.width, header.height)) {
    return Error(StatusCode::kInvalidArgument, "the region does not lie within the image");
  }
  const Region part = region.value_or(Region{0, 0, header.width, header.height});
  const auto size = CheckDecodedPixels(static_cast<uint64_t>(part.width), static_cast<uint64_t>(part.height),
                                       max_pixels_, kBytes, "decode a part of it, or raise the limit");
  if (!size.ok()) return Translate(size);
  const auto alpha = CheckAlpha(header, container->extra, kBytes);
  if (!alpha.ok()) return Translate(alpha);
  if (metadata == nullptr) return {};
  auto read = MetadataFromChunks(container->extra, kBytes);
  if (!read.ok()) return Translate(read.status());
  *metadata = std::move(read).value();
  return {};
}

Status Coding::Decompress(std::span<const uint8_t> bytes, const std::optional<Region>& region, libaecomp::Image* image,
                          Metadata* metadata) {
  Container container;
  if (Status status = Parse(bytes, region, &container, metadata); !status.ok()) return status;
  const ThreadScope threads(threads_);
  auto decoded = region ? codec_.Decompress(container, kBytes, *region) : codec_.Decompress(container, kBytes);
  if (!decoded.ok()) return Translate(decoded.status());
  decoded = RestoreAlpha(std::move(decoded).value(), container.extra, kBytes, region);
  if (!decoded.ok()) return Translate(decoded.status());
  *image = PixelsOf(std::move(decoded).value());
  return {};
}

Status Coding::DecompressSmall(std::span<const uint8_t> bytes, int64_t max_side, libaecomp::Image* image,
                               Metadata* metadata) {
  Container container;
  if (Status status = Parse(bytes, std::nullopt, &container, metadata); !status.ok()) return status;
  const ThreadScope threads(threads_);
  const Region all{0, 0, container.header.width, container.header.height};
  auto decoded = DecompressReduced(codec_, container, kBytes, all, max_side, /*keep_alpha=*/true);
  if (!decoded.ok()) return Translate(decoded.status());
  *image = PixelsOf(std::move(decoded).value());
  return {};
}

}  // namespace aecomp::api
