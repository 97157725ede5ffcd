// WebP through libwebp. Of an animation the first frame is read, as it is shown.
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>
#include <new>

#include "io/convert.h"
#include "io/formats/library/decoders.h"
#include "io/memory.h"

namespace aecomp {
namespace {

Status Damaged(const std::string& name) {
  return InputError(name + ": truncated or damaged WebP image; fetch or make it again");
}

/// The first frame on its canvas.
Result<Image> FirstFrame(std::span<const uint8_t> bytes, const std::string& name) {
  const WebPData data = {bytes.data(), bytes.size()};
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) return Damaged(name);
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                                   WebPAnimDecoderDelete);
  // The decoder does not say why it fails.
  if (decoder == nullptr && !HasMemoryFor(bytes.size())) throw std::bad_alloc();
  uint8_t* pixels = nullptr;
  int time = 0;
  WebPAnimInfo info;
  if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      WebPAnimDecoderGetNext(decoder.get(), &pixels, &time) == 0) {
    return Damaged(name);
  }
  Image image(static_cast<int>(info.canvas_width), static_cast<int>(info.canvas_height), 4);
  std::memcpy(image.pixels.data(), pixels, image.pixels.size());
  if (IsOpaque(image)) image = WithoutAlpha(std::move(image));
  return image;
}

}  // namespace

Result<Image> DecodeWebp(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options,
                         std::vector<std::string>*) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK) return Damaged(name);
  const int channels = features.has_alpha != 0 ? 4 : 3;
  AECOMP_RETURN_IF_ERROR(CheckPixels(static_cast<uint64_t>(features.width), static_cast<uint64_t>(features.height),
                                     features.has_animation != 0 ? 12 : static_cast<uint64_t>(channels), bytes.size(),
                                     name, options));
  if (features.has_animation != 0) return FirstFrame(bytes, name);
  Image image(features.width, features.height, channels);
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return Damaged(name);
  config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {image.pixels.data(), features.width * channels, image.pixels.size()};
  const VP8StatusCode status = WebPDecode(bytes.data(), bytes.size(), &config);
  if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
  return status == VP8_STATUS_OK ? Result<Image>(std::move(image)) : Damaged(name);
}

}  // namespace aecomp
