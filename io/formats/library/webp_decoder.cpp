// WebP through libwebp. Of an animation the first frame is read, as it is shown.
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "io/convert.h"
#include "io/formats/library/decoders.h"

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
  const int row = features.width * channels;
  const auto decode = channels == 4 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(bytes.data(), bytes.size(), image.pixels.data(), image.pixels.size(), row) == nullptr) {
    return Damaged(name);
  }
  return image;
}

}  // namespace aecomp
