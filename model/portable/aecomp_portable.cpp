// The calls of aecomp_portable.h.
#include "model/portable/aecomp_portable.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "model/portable/alpha.h"
#include "model/portable/inflate.h"
#include "model/portable/residual.h"
#include "model/portable/synthesis.h"

struct aecp_model {
  aecomp_portable::Model model;
};

namespace aecomp_portable {
namespace {

constexpr uint64_t kMostMetadata = 16 << 20;

void Put(const std::string& message, char* error) {
  if (error == nullptr) return;
  const size_t n = std::min<size_t>(message.size(), AECP_ERROR_SIZE - 1);
  for (size_t i = 0; i < n; ++i) error[i] = (message[i] & ~0x1F) == 0 || message[i] == 0x7F ? '?' : message[i];
  error[n] = 0;
}

/// Runs f; where the standard library throws, memory was short.
template <class F>
aecp_code Guarded(char* error, F f) {
#if defined(__cpp_exceptions)
  try {
    const Status status = f();
    if (!status.ok()) Put(status.message(), error);
    return status.code();
  } catch (const std::exception&) {  // bad_alloc, or length_error of a vector
    Put("memory does not suffice", error);
    return AECP_MEMORY;
  }
#else
  const Status status = f();
  if (!status.ok()) Put(status.message(), error);
  return status.code();
#endif
}

Status Copy(const std::vector<uint8_t>& from, aecp_bytes* to) {
  to->data = static_cast<uint8_t*>(std::malloc(std::max<size_t>(from.size(), 1)));
  if (to->data == nullptr) return {AECP_MEMORY, "memory does not suffice"};
  std::copy(from.begin(), from.end(), to->data);
  to->size = from.size();
  return {};
}

Status ReadMetadata(const Container& container, const char* type, aecp_bytes* to) {
  const Chunk* chunk = container.Find(type);
  if (chunk == nullptr) return {};
  std::vector<uint8_t> content;
  PORTABLE_TRY(Inflate(chunk->content, kMostMetadata, "damaged: its chunk " + std::string(type), &content));
  return Copy(content, to);
}

/// The latents of the whole image.
Status DecodeTiles(const Model& model, const Container& container, const Progress& progress, Latents* latents) {
  const aecp_info& info = container.info;
  const int stride = model.stride, size = static_cast<int>(info.tile_size);
  const int width = static_cast<int>(info.width), height = static_cast<int>(info.height);
  if (size % (stride * model.ratio) != 0) return Corrupt("damaged: its tiles do not fit its model");
  latents->rows = DivideUp(height, stride), latents->columns = DivideUp(width, stride);
  latents->channels = model.latent_channels;
  latents->values.resize(static_cast<size_t>(latents->rows) * static_cast<size_t>(latents->columns) *
                         static_cast<size_t>(latents->channels));
  TileDecoder decoder(model, container);
  const int across = DivideUp(width, size);
  for (size_t t = 0; t < container.tiles.size(); ++t) {
    const int top = static_cast<int>(t) / across * size, left = static_cast<int>(t) % across * size;
    const TilePlace place = {top / stride, left / stride, DivideUp(std::min(size, height - top), stride),
                             DivideUp(std::min(size, width - left), stride)};
    const Status status = decoder.Decode(container.tiles[t], place, latents);
    if (!status.ok()) return {status.code(), "tile " + std::to_string(t) + ": " + status.message()};
    if (progress(static_cast<double>(t + 1) / static_cast<double>(container.tiles.size())) != 0) {
      return {AECP_USAGE, "stopped by the caller"};
    }
  }
  return {};
}

/// Into the places behind the colours, in the byte order of the machine.
void PutAlpha(const std::vector<uint8_t>& alpha, aecp_image* image) {
  const auto channels = static_cast<size_t>(image->info.channels);
  const size_t pixels = size_t{image->info.width} * image->info.height;
  for (size_t i = 0; i < pixels; ++i) {
    const size_t at = i * (channels + 1) + channels;
    if (image->info.bits == 8) {
      static_cast<uint8_t*>(image->samples)[at] = alpha[i];
    } else {
      static_cast<uint16_t*>(image->samples)[at] = static_cast<uint16_t>(alpha[2 * i] << 8 | alpha[2 * i + 1]);
    }
  }
}

Status CheckFits(const Container& container, const Model* model, uint64_t most_pixels) {
  const aecp_info& info = container.info;
  if (most_pixels != 0 && uint64_t{info.width} * info.height > most_pixels) {
    return {AECP_USAGE, "has " + std::to_string(info.width) + " x " + std::to_string(info.height) +
                            " pixels, more than the limit of " + std::to_string(most_pixels)};
  }
  if (!container.has_base()) return {};
  if (model == nullptr) return BadModel("was made with model " + std::string(info.model_id) + ", but none is given");
  if (model->id != info.model_id) {
    return BadModel("was made with model " + std::string(info.model_id) + ", but this is model " + model->id);
  }
  if (info.channels > model->image_channels) return BadModel("is in colour, but its model is for gray images");
  if (info.quality >= model->qualities) return Corrupt("damaged: its model has no such quality");
  return {};
}

/// model: null where the file needs none.
Status Decode(Bytes file, const Model* model, const aecp_options& options, aecp_image* image) {
  Container container;
  PORTABLE_TRY(ReadContainer(file, &container));
  PORTABLE_TRY(CheckFits(container, model, options.most_pixels));
  image->info = container.info;
  const aecp_info& info = image->info;
  const bool residual = !container.residuals.empty();
  if (residual && container.Find("Filt") != nullptr) return Corrupt("damaged: it has a filter and a residual layer");
  /// For a step that goes from one part of the work to another.
  const auto between = [&](double begin, double end) -> Progress {
    return [&options, begin, end](double part) {
      return options.progress == nullptr ? 0 : options.progress(options.user, begin + part * (end - begin));
    };
  };
  const double base_end = !container.has_base() ? 0 : residual ? 0.5 : 1;
  SampleRules rules;
  Latents latents;
  if (container.has_base()) {
    PORTABLE_TRY(rules.Read(container));
    PORTABLE_TRY(DecodeTiles(*model, container, between(0, 0.6 * base_end), &latents));
  }
  const auto samples = static_cast<size_t>(info.channels + info.has_alpha) * info.width * info.height;
  image->size = samples * static_cast<size_t>(info.bits / 8);
  image->samples = std::malloc(image->size);
  if (image->samples == nullptr) return {AECP_MEMORY, "memory does not suffice"};
  if (container.has_base()) {
    PORTABLE_TRY(Synthesise(*model, container, rules, info.has_alpha, &latents, between(0.6 * base_end, base_end),
                            image->samples));
    latents = {};
  }
  if (residual) PORTABLE_TRY(DecodeResiduals(container, info.has_alpha, between(base_end, 1), image->samples));
  if (const Chunk* chunk = container.Find("alph")) {
    std::vector<uint8_t> alpha;
    PORTABLE_TRY(ReadAlpha(chunk->content, info.width, info.height, info.bits, &alpha));
    PutAlpha(alpha, image);
  }
  PORTABLE_TRY(ReadMetadata(container, "iccp", &image->icc));
  PORTABLE_TRY(ReadMetadata(container, "exif", &image->exif));
  return ReadMetadata(container, "xmpd", &image->xmp);
}

Bytes View(const void* bytes, size_t size) { return {static_cast<const uint8_t*>(bytes), size}; }

Status NullPointer() { return {AECP_USAGE, "a pointer is null"}; }

}  // namespace
}  // namespace aecomp_portable

using aecomp_portable::Status;

extern "C" {

aecp_code aecp_load_model(const void* bytes, size_t size, aecp_model** model, char* error) {
  return aecomp_portable::Guarded(error, [&]() -> Status {
    if (bytes == nullptr || model == nullptr) return aecomp_portable::NullPointer();
    *model = nullptr;
    std::unique_ptr<aecp_model> made(new aecp_model);
    PORTABLE_TRY(made->model.Read(aecomp_portable::View(bytes, size)));
    *model = made.release();
    return {};
  });
}

void aecp_free_model(aecp_model* model) { delete model; }

const char* aecp_model_id(const aecp_model* model) { return model == nullptr ? "" : model->model.id.c_str(); }

aecp_code aecp_read_info(const void* bytes, size_t size, aecp_info* info, char* error) {
  return aecomp_portable::Guarded(error, [&]() -> Status {
    if (bytes == nullptr || info == nullptr) return aecomp_portable::NullPointer();
    aecomp_portable::Container container;
    PORTABLE_TRY(ReadContainer(aecomp_portable::View(bytes, size), &container));
    *info = container.info;
    return {};
  });
}

aecp_code aecp_decode(const void* bytes, size_t size, const aecp_model* model, const aecp_options* options,
                      aecp_image* image, char* error) {
  if (image != nullptr) *image = {};
  const aecp_code code = aecomp_portable::Guarded(error, [&]() -> Status {
    if (bytes == nullptr || image == nullptr) return aecomp_portable::NullPointer();
    const aecp_options none = {};
    return aecomp_portable::Decode(aecomp_portable::View(bytes, size), model == nullptr ? nullptr : &model->model,
                                   options == nullptr ? none : *options, image);
  });
  if (code != AECP_OK && image != nullptr) aecp_free_image(image);
  return code;
}

void aecp_free_image(aecp_image* image) {
  if (image == nullptr) return;
  for (void* memory : {image->samples, static_cast<void*>(image->icc.data), static_cast<void*>(image->exif.data),
                       static_cast<void*>(image->xmp.data)}) {
    std::free(memory);
  }
  *image = {};
}

}  // extern "C"
