// The common part of both interfaces of the library (aecomp.h, aecomp_c.h). It translates pixels and errors between
// them and the codec, lets no exception out, and leaves the caller's OpenMP settings as they were.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "io/container.h"
#include "io/formats/decode_options.h"
#include "io/formats/metadata.h"
#include "io/region.h"
#include "model/api/aecomp.h"
#include "model/codec/codec.h"

namespace aecomp::api {

using libaecomp::Status;
using libaecomp::StatusCode;

inline Status Error(StatusCode code, std::string message) { return {code, std::move(message)}; }
Status Translate(const aecomp::Status& status);

/// Runs f, which may throw.
Status GuardedCall(const std::function<Status()>& f);

/// An opened model.
class Coding {
 public:
  /// model: the bytes of a model file; without them `file` is read, or the built-in model where that is empty.
  static Status Open(std::optional<std::span<const uint8_t>> model, const std::string& file, int threads,
                     std::unique_ptr<Coding>* coding);
  std::string model_id() const { return aecomp::ToHex(codec_.model().id); }

  Status Compress(const libaecomp::ImageView& image, const libaecomp::CompressOptions& options,
                  const aecomp::Metadata& metadata, std::vector<uint8_t>* bytes);
  /// region: none for all of the image. metadata: null where nobody asks.
  Status Decompress(std::span<const uint8_t> bytes, const std::optional<aecomp::Region>& region,
                    libaecomp::Image* image, aecomp::Metadata* metadata);
  /// All of it, no side longer than max_side, which is at least 1.
  Status DecompressSmall(std::span<const uint8_t> bytes, int64_t max_side, libaecomp::Image* image,
                         aecomp::Metadata* metadata);
  /// What has more pixels is refused when decompressing.
  void LimitPixels(uint64_t most) { max_pixels_ = most; }

 private:
  Coding(std::shared_ptr<aecomp::Model> model, int threads) : codec_(std::move(model)), threads_(threads) {}

  Status Parse(std::span<const uint8_t> bytes, const std::optional<aecomp::Region>& region,
               aecomp::Container* container, aecomp::Metadata* metadata) const;

  aecomp::Codec codec_;
  int threads_;
  uint64_t max_pixels_ = aecomp::kDefaultMaxPixels;
};

}  // namespace aecomp::api
