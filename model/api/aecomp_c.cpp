// The face in C: aecomp_c.h. See coding.h for what is behind it.
#include "model/api/aecomp_c.h"

#include <algorithm>

#include "model/api/coding.h"

struct aecomp_codec {
  std::unique_ptr<aecomp::api::Coding> coding;
  std::string model_id;
};
struct aecomp_bytes {
  std::vector<uint8_t> bytes;
};
struct aecomp_picture {
  libaecomp::Image image;
  aecomp::Metadata metadata;
};

namespace {

using libaecomp::Status;
using libaecomp::StatusCode;

// The numbers of both faces are the same.
static_assert(static_cast<int>(StatusCode::kInvalidArgument) == AECOMP_INVALID_ARGUMENT);
static_assert(static_cast<int>(StatusCode::kUnsupported) == AECOMP_UNSUPPORTED);
static_assert(static_cast<int>(StatusCode::kOutOfReach) == AECOMP_OUT_OF_REACH);
static_assert(static_cast<int>(StatusCode::kCorrupt) == AECOMP_CORRUPT);
static_assert(static_cast<int>(StatusCode::kModel) == AECOMP_MODEL);
static_assert(static_cast<int>(StatusCode::kOutOfMemory) == AECOMP_OUT_OF_MEMORY);
static_assert(static_cast<int>(StatusCode::kInternal) == AECOMP_INTERNAL);

constexpr size_t kMostError = 2000;
/// Of the thread's last call that failed. An array, so that no memory is needed to say that there is none.
thread_local char last_error[kMostError] = "";

template <class F>
aecomp_status Call(F f) {
  const Status status = aecomp::api::GuardedCall(f);
  if (!status.ok()) {
    const size_t n = std::min(status.message.size(), kMostError - 1);
    std::copy_n(status.message.data(), n, last_error);
    last_error[n] = 0;
  }
  return static_cast<aecomp_status>(status.code);
}

Status NullPointer() { return aecomp::api::Error(StatusCode::kInvalidArgument, "a pointer is null"); }

Status Opened(std::optional<std::span<const uint8_t>> model, const std::string& file, int threads,
              aecomp_codec** codec) {
  auto opened = std::make_unique<aecomp_codec>();
  Status status = aecomp::api::Coding::Open(model, file, threads, &opened->coding);
  if (!status.ok()) return status;
  opened->model_id = opened->coding->model_id();
  *codec = opened.release();
  return status;
}

std::vector<uint8_t> Piece(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  return data == nullptr ? std::vector<uint8_t>() : std::vector<uint8_t>(bytes, bytes + size);
}

Status MetadataOf(const aecomp_encode_options& options, aecomp::Metadata* metadata) {
  metadata->icc = Piece(options.icc, options.icc_size);
  metadata->exif = Piece(options.exif, options.exif_size);
  metadata->xmp = Piece(options.xmp, options.xmp_size);
  for (const std::vector<uint8_t>* piece : {&metadata->icc, &metadata->exif, &metadata->xmp}) {
    if (piece->size() > aecomp::kMaxMetadataPiece) {
      return aecomp::api::Error(StatusCode::kUnsupported, "a piece of metadata of more than 16 MiB");
    }
  }
  return {};
}

}  // namespace

const char* aecomp_error(void) { return last_error; }
const char* aecomp_version(void) { return libaecomp::Version(); }

aecomp_status aecomp_open(const char* model_file, int threads, aecomp_codec** codec) {
  return Call([&]() -> Status {
    if (codec == nullptr) return NullPointer();
    *codec = nullptr;
    return Opened(std::nullopt, model_file == nullptr ? "" : model_file, threads, codec);
  });
}

aecomp_status aecomp_open_memory(const void* model, size_t size, int threads, aecomp_codec** codec) {
  return Call([&]() -> Status {
    if (codec == nullptr || model == nullptr) return NullPointer();
    *codec = nullptr;
    return Opened(std::span(static_cast<const uint8_t*>(model), size), "", threads, codec);
  });
}

void aecomp_close(aecomp_codec* codec) { delete codec; }
const char* aecomp_model_id(const aecomp_codec* codec) { return codec == nullptr ? "" : codec->model_id.c_str(); }

aecomp_status aecomp_read_info(const void* bytes, size_t size, aecomp_info* info) {
  return Call([&]() -> Status {
    if (bytes == nullptr || info == nullptr) return NullPointer();
    const std::span file(static_cast<const uint8_t*>(bytes), size);
    const auto header = aecomp::ParseHeader(file, "the given bytes");
    if (!header.ok()) return aecomp::api::Translate(header.status());
    const aecomp::ContainerHeader& h = header.value();
    *info = {h.width, h.height, h.channels, h.bits, -1, h.quality / 16.0, ""};
    const std::string id = aecomp::ToHex(h.model);
    std::copy_n(id.c_str(), std::min(id.size() + 1, sizeof info->model_id), info->model_id);
    const auto container = aecomp::ParseContainer(file, "the given bytes");
    if (!container.ok()) return {};  // only its beginning
    info->has_alpha = 0;
    for (const aecomp::ExtraChunk& chunk : container.value().extra) {
      if (chunk.type == std::array<char, 4>{'a', 'l', 'p', 'h'}) info->has_alpha = 1;
    }
    return {};
  });
}

const uint8_t* aecomp_bytes_data(const aecomp_bytes* bytes) { return bytes == nullptr ? nullptr : bytes->bytes.data(); }
size_t aecomp_bytes_size(const aecomp_bytes* bytes) { return bytes == nullptr ? 0 : bytes->bytes.size(); }
void aecomp_bytes_free(aecomp_bytes* bytes) { delete bytes; }

aecomp_status aecomp_encode(aecomp_codec* codec, const aecomp_view* view, const aecomp_encode_options* options,
                            aecomp_bytes** bytes) {
  return Call([&]() -> Status {
    if (codec == nullptr || view == nullptr || bytes == nullptr) return NullPointer();
    *bytes = nullptr;
    constexpr uint32_t kMost = 1u << 30;
    const libaecomp::ImageView image{static_cast<int>(std::min(view->width, kMost)),
                                     static_cast<int>(std::min(view->height, kMost)),
                                     view->channels,
                                     view->bits,
                                     view->samples,
                                     view->stride};
    libaecomp::CompressOptions how;
    aecomp::Metadata metadata;
    if (options != nullptr) {
      how = {options->quality, options->target_bytes};
      if (Status status = MetadataOf(*options, &metadata); !status.ok()) return status;
    }
    auto made = std::make_unique<aecomp_bytes>();
    Status status = codec->coding->Compress(image, how, metadata, &made->bytes);
    if (status.ok()) *bytes = made.release();
    return status;
  });
}

aecomp_status aecomp_decode(aecomp_codec* codec, const void* bytes, size_t size, const aecomp_region* region,
                            aecomp_picture** picture) {
  return Call([&]() -> Status {
    if (codec == nullptr || bytes == nullptr || picture == nullptr) return NullPointer();
    *picture = nullptr;
    std::optional<aecomp::Region> part;
    if (region != nullptr) part = aecomp::Region{region->x, region->y, region->width, region->height};
    auto made = std::make_unique<aecomp_picture>();
    Status status =
        codec->coding->Decompress({static_cast<const uint8_t*>(bytes), size}, part, &made->image, &made->metadata);
    if (status.ok()) *picture = made.release();
    return status;
  });
}

aecomp_status aecomp_decode_small(aecomp_codec* codec, const void* bytes, size_t size, uint32_t max_side,
                                  aecomp_picture** picture) {
  return Call([&]() -> Status {
    if (codec == nullptr || bytes == nullptr || picture == nullptr) return NullPointer();
    *picture = nullptr;
    if (max_side == 0) {
      return aecomp::api::Error(libaecomp::StatusCode::kInvalidArgument, "a side of 0 pixels; at least 1 is needed");
    }
    auto made = std::make_unique<aecomp_picture>();
    Status status = codec->coding->DecompressSmall({static_cast<const uint8_t*>(bytes), size}, max_side, &made->image,
                                                   &made->metadata);
    if (status.ok()) *picture = made.release();
    return status;
  });
}

aecomp_status aecomp_limit_pixels(aecomp_codec* codec, uint64_t most_pixels) {
  return Call([&]() -> Status {
    if (codec == nullptr) return NullPointer();
    codec->coding->LimitPixels(most_pixels);
    return {};
  });
}

aecomp_view aecomp_picture_view(const aecomp_picture* picture) {
  if (picture == nullptr) return {};
  const libaecomp::Image& i = picture->image;
  return {static_cast<uint32_t>(i.width), static_cast<uint32_t>(i.height), i.channels, i.bits, i.samples.data(), 0};
}

const void* aecomp_picture_metadata(const aecomp_picture* picture, aecomp_metadata kind, size_t* size) {
  if (size != nullptr) *size = 0;
  if (picture == nullptr || kind < AECOMP_ICC || kind > AECOMP_XMP) return nullptr;
  const aecomp::Metadata& m = picture->metadata;
  const std::vector<uint8_t>& piece = kind == AECOMP_ICC ? m.icc : kind == AECOMP_EXIF ? m.exif : m.xmp;
  if (size != nullptr) *size = piece.size();
  return piece.empty() ? nullptr : piece.data();
}

void aecomp_picture_free(aecomp_picture* picture) { delete picture; }
