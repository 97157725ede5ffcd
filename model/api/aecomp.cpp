// Between the library's interface and the codec: pixels and errors are translated, nothing is thrown, and the caller's
// OpenMP settings are as they were.
#include "model/api/aecomp.h"

#include <omp.h>

#include <cmath>
#include <cstring>
#include <new>
#include <span>

#include "io/container.h"
#include "io/convert.h"
#include "io/formats/alpha.h"
#include "model/base/onednn.h"
#include "model/base/threads.h"
#include "model/codec/codec.h"
#include "model/codec/model_file.h"
#include "model/codec/rate_control.h"

namespace libaecomp {
namespace {

constexpr const char* kBytes = "the given bytes";  // what messages call a file that has no name here

/// The team size is a setting of the calling thread, which is not ours.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) {
    const int count = aecomp::UsableThreads(threads);
    omp_set_num_threads(count);
    aecomp::KeepWaitsShort(count);
  }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

Status Error(StatusCode code, std::string message) { return {code, std::move(message)}; }

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

/// The border that no exception crosses.
template <class F>
Status Guarded(F f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return {StatusCode::kOutOfMemory, "not enough memory"};
  } catch (const std::exception& error) {
    if (aecomp::onednn::IsOutOfMemory(error)) return {StatusCode::kOutOfMemory, "not enough memory"};
    return {StatusCode::kInternal, std::string("internal error: ") + error.what()};
  }
}

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
  const auto row = static_cast<int64_t>(aecomp::Image::ByteSize(image.width, 1, image.channels, image.bits));
  if (image.stride != 0 && std::abs(int64_t{image.stride}) < row) {
    return invalid("a stride of " + std::to_string(image.stride) + " bytes is less than a row of " +
                   std::to_string(row));
  }
  if (static_cast<uint32_t>(image.width) > aecomp::kMaxSide || static_cast<uint32_t>(image.height) > aecomp::kMaxSide ||
      static_cast<uint64_t>(image.width) * static_cast<uint64_t>(image.height) > aecomp::kMaxPixels) {
    return Error(StatusCode::kUnsupported, "an image of " + std::to_string(image.width) + "x" +
                                               std::to_string(image.height) + " is too large; split it");
  }
  return {};
}

aecomp::Image CopyOf(const ImageView& view) {
  aecomp::Image image(view.width, view.height, view.channels, view.bits);
  const size_t row = aecomp::Image::ByteSize(view.width, 1, view.channels, view.bits);
  const ptrdiff_t stride = view.stride != 0 ? view.stride : static_cast<ptrdiff_t>(row);
  const auto* from = static_cast<const uint8_t*>(view.data);
  for (int y = 0; y < view.height; ++y) std::memcpy(image.Row(y), from + y * stride, row);
  return image;
}

Status Serialized(aecomp::Codec& codec, const aecomp::Image& image, const CompressOptions& options,
                  std::vector<uint8_t>* bytes) {
  if (options.target_bytes > 0) {
    const aecomp::RateTarget target{aecomp::RateTarget::Kind::kBytes, static_cast<double>(options.target_bytes)};
    auto result = aecomp::CompressToTarget(codec, image, target);
    if (!result.ok()) return Translate(result.status());
    *bytes = std::move(result.value().bytes);
    return {};
  }
  const int steps = codec.model().architecture.max_quality();
  auto result = codec.Compress(image, static_cast<int>(std::lround(options.quality / 100 * steps)));
  if (!result.ok()) return Translate(result.status());
  *bytes = std::move(result).value();
  return {};
}

aecomp::Result<std::unique_ptr<aecomp::Model>> Load(const std::string& file) {
  if (!file.empty()) {
    auto model = aecomp::ReadModel(file);
    // A file that is not there is the model's trouble here, not the image's.
    return model.ok() ? std::move(model) : aecomp::ModelError(model.status().message());
  }
  if (aecomp::EmbeddedModelFile().empty()) {
    return aecomp::ModelError("this library was built without a model; name one with OpenOptions::model_file");
  }
  return aecomp::ParseModel(aecomp::EmbeddedModelFile(), "the built-in model");
}

std::span<const uint8_t> AsSpan(const void* bytes, size_t size) { return {static_cast<const uint8_t*>(bytes), size}; }

}  // namespace

struct __attribute__((visibility("hidden"))) Codec::Impl {
  Impl(std::shared_ptr<aecomp::Model> model, int thread_count) : codec(std::move(model)), threads(thread_count) {}

  aecomp::Codec codec;
  int threads;
};

Codec::Codec() = default;
Codec::~Codec() = default;
Codec::Codec(Codec&&) noexcept = default;
Codec& Codec::operator=(Codec&&) noexcept = default;

Status Codec::Open(const OpenOptions& options) {
  return Guarded([&]() -> Status {
    if (options.threads < 0) return Error(StatusCode::kInvalidArgument, "the number of threads is negative");
    const ThreadScope threads(options.threads);
    auto model = Load(options.model_file);
    if (!model.ok()) return Translate(model.status());
    impl_ = std::make_unique<Impl>(std::shared_ptr<aecomp::Model>(std::move(model).value()), options.threads);
    return {};
  });
}

std::string Codec::model_id() const { return impl_ == nullptr ? "" : aecomp::ToHex(impl_->codec.model().id); }

Status Codec::Compress(const ImageView& image, const CompressOptions& options, std::vector<uint8_t>* bytes) {
  return Guarded([&]() -> Status {
    if (impl_ == nullptr) return Error(StatusCode::kInvalidArgument, "the codec is not open");
    if (bytes == nullptr) return Error(StatusCode::kInvalidArgument, "there is no place for the bytes");
    if (!(options.quality >= 0 && options.quality <= 100)) {  // also true for nan
      return Error(StatusCode::kInvalidArgument,
                   "a quality of " + std::to_string(options.quality) + " is not in 0 .. 100");
    }
    if (Status status = CheckImage(image); !status.ok()) return status;
    const ThreadScope threads(impl_->threads);
    aecomp::Image pixels = CopyOf(image);
    std::vector<aecomp::ExtraChunk> alpha;
    if (!aecomp::IsOpaque(pixels)) {
      auto chunk = aecomp::AlphaChunk(aecomp::AlphaOf(pixels));
      if (!chunk.ok()) return Translate(chunk.status());
      alpha.push_back(std::move(chunk).value());
    }
    impl_->codec.SetExtraChunks(std::move(alpha));
    return Serialized(impl_->codec, aecomp::WithoutAlpha(std::move(pixels)), options, bytes);
  });
}

Status Codec::Decompress(const void* bytes, std::size_t size, Image* image) {
  return Guarded([&]() -> Status {
    if (impl_ == nullptr) return Error(StatusCode::kInvalidArgument, "the codec is not open");
    if (bytes == nullptr || image == nullptr) return Error(StatusCode::kInvalidArgument, "a pointer is null");
    const auto container = aecomp::ParseContainer(AsSpan(bytes, size), kBytes);
    if (!container.ok()) return Translate(container.status());
    const auto alpha = aecomp::CheckAlpha(container.value().header, container.value().extra, kBytes);
    if (!alpha.ok()) return Translate(alpha);
    const ThreadScope threads(impl_->threads);
    auto decoded = impl_->codec.Decompress(container.value(), kBytes);
    if (!decoded.ok()) return Translate(decoded.status());
    decoded = aecomp::RestoreAlpha(std::move(decoded).value(), container.value().extra, kBytes);
    if (!decoded.ok()) return Translate(decoded.status());
    aecomp::Image& pixels = decoded.value();
    *image = {pixels.width, pixels.height, pixels.channels, pixels.bits, std::move(pixels.pixels)};
    return {};
  });
}

Status ReadHeader(const void* bytes, std::size_t size, Header* header) {
  return Guarded([&]() -> Status {
    if (bytes == nullptr || header == nullptr) return Error(StatusCode::kInvalidArgument, "a pointer is null");
    const auto parsed = aecomp::ParseHeader(AsSpan(bytes, size), kBytes);
    if (!parsed.ok()) return Translate(parsed.status());
    const aecomp::ContainerHeader& h = parsed.value();
    *header = {static_cast<int>(h.width), static_cast<int>(h.height), h.channels, h.bits, aecomp::ToHex(h.model)};
    return {};
  });
}

const char* Version() { return AECOMP_VERSION; }

}  // namespace libaecomp
