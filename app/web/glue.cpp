// What aecomp.wasm exports: the portable decoder's calls, with results as numbers that decoder.js reads.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "model/portable/aecomp_portable.h"

#define WEB_EXPORT(name) extern "C" __attribute__((export_name(#name)))

/// Of decoder.js. Not 0: decoding stops.
extern "C" __attribute__((import_module("aecomp"), import_name("progress"))) int ReportProgress(double part);

namespace {

/// The numbers come first, in the order of kNumbers in decoder.js; those of memory are addresses.
struct Result {
  uint32_t width, height, channels, bits, has_alpha, format_version, quality, tile_size;
  uint32_t samples, samples_size, icc, icc_size, exif, exif_size, xmp, xmp_size;
  char model_id[20];
  char error[AECP_ERROR_SIZE];
};
Result result;
aecp_image image;

template <class T>
uint32_t Address(T* pointer) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer));
}

void PutInfo(const aecp_info& info) {
  result.width = info.width, result.height = info.height;
  result.channels = static_cast<uint32_t>(info.channels), result.bits = static_cast<uint32_t>(info.bits);
  result.has_alpha = static_cast<uint32_t>(info.has_alpha);
  result.format_version = static_cast<uint32_t>(info.format_version);
  result.quality = static_cast<uint32_t>(info.quality), result.tile_size = info.tile_size;
  std::memcpy(result.model_id, info.model_id, sizeof info.model_id);
}

void PutBytes(const aecp_bytes& bytes, uint32_t* address, uint32_t* size) {
  *address = Address(bytes.data), *size = static_cast<uint32_t>(bytes.size);
}

}  // namespace

/// Where the results lie, for as long as the module lives.
WEB_EXPORT(results) Result* Results() { return &result; }

/// Memory for bytes that are handed in; 0: there is none.
WEB_EXPORT(reserve) void* Reserve(size_t size) { return std::malloc(size == 0 ? 1 : size); }
WEB_EXPORT(release) void Release(void* memory) { std::free(memory); }

/// 0 on an error, which is in the results, as the code is in `quality`.
WEB_EXPORT(load_model) aecp_model* LoadModel(const void* bytes, size_t size) {
  aecp_model* model = nullptr;
  result.quality = static_cast<uint32_t>(aecp_load_model(bytes, size, &model, result.error));
  if (model != nullptr) std::memcpy(result.model_id, aecp_model_id(model), 17);
  return model;
}

WEB_EXPORT(read_info) int ReadInfo(const void* bytes, size_t size) {
  aecp_info info;
  const aecp_code code = aecp_read_info(bytes, size, &info, result.error);
  if (code == AECP_OK) PutInfo(info);
  return code;
}

/// The picture stays until free_image or the next call.
WEB_EXPORT(decode) int Decode(const void* bytes, size_t size, const aecp_model* model, double most_pixels) {
  aecp_free_image(&image);
  aecp_options options = {};
  options.most_pixels = static_cast<uint64_t>(most_pixels);
  options.progress = [](void*, double part) { return ReportProgress(part); };
  const aecp_code code = aecp_decode(bytes, size, model, &options, &image, result.error);
  if (code != AECP_OK) return code;
  PutInfo(image.info);
  result.samples = Address(image.samples), result.samples_size = static_cast<uint32_t>(image.size);
  PutBytes(image.icc, &result.icc, &result.icc_size);
  PutBytes(image.exif, &result.exif, &result.exif_size);
  PutBytes(image.xmp, &result.xmp, &result.xmp_size);
  return code;
}

WEB_EXPORT(free_image) void FreeImage() { aecp_free_image(&image); }
