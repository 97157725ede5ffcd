// The face in C++: aecomp.h. See coding.h for what is behind it.
#include "model/api/aecomp.h"

#include "model/api/coding.h"

namespace libaecomp {

using aecomp::api::Error;
using aecomp::api::GuardedCall;

struct __attribute__((visibility("hidden"))) Codec::Impl {
  std::unique_ptr<aecomp::api::Coding> coding;
};

Codec::Codec() = default;
Codec::~Codec() = default;
Codec::Codec(Codec&&) noexcept = default;
Codec& Codec::operator=(Codec&&) noexcept = default;

Status Codec::Open(const OpenOptions& options) {
  return GuardedCall([&]() -> Status {
    auto opened = std::make_unique<Impl>();
    const Status status = aecomp::api::Coding::Open(std::nullopt, options.model_file, options.threads, &opened->coding);
    if (status.ok()) impl_ = std::move(opened);
    return status;
  });
}

std::string Codec::model_id() const { return impl_ == nullptr ? "" : impl_->coding->model_id(); }

Status Codec::Compress(const ImageView& image, const CompressOptions& options, std::vector<uint8_t>* bytes) {
  return GuardedCall([&]() -> Status {
    if (impl_ == nullptr) return Error(StatusCode::kInvalidArgument, "the codec is not open");
    if (bytes == nullptr) return Error(StatusCode::kInvalidArgument, "there is no place for the bytes");
    return impl_->coding->Compress(image, options, {}, bytes);
  });
}

Status Codec::Decompress(const void* bytes, std::size_t size, Image* image) {
  return GuardedCall([&]() -> Status {
    if (impl_ == nullptr) return Error(StatusCode::kInvalidArgument, "the codec is not open");
    if (bytes == nullptr || image == nullptr) return Error(StatusCode::kInvalidArgument, "a pointer is null");
    return impl_->coding->Decompress({static_cast<const uint8_t*>(bytes), size}, std::nullopt, image, nullptr);
  });
}

Status ReadHeader(const void* bytes, std::size_t size, Header* header) {
  return GuardedCall([&]() -> Status {
    if (bytes == nullptr || header == nullptr) return Error(StatusCode::kInvalidArgument, "a pointer is null");
    const auto parsed = aecomp::ParseHeader({static_cast<const uint8_t*>(bytes), size}, "the given bytes");
    if (!parsed.ok()) return aecomp::api::Translate(parsed.status());
    const aecomp::ContainerHeader& h = parsed.value();
    *header = {static_cast<int>(h.width), static_cast<int>(h.height), h.channels, h.bits, aecomp::ToHex(h.model)};
    return {};
  });
}

const char* Version() { return AECOMP_VERSION; }

}  // namespace libaecomp
