// WebP without loss through libwebp.
#include <webp/encode.h>

#include <memory>
#include <new>

#include "io/formats/library/decoders.h"

namespace aecomp {
namespace {

struct PictureFree {
  void operator()(WebPPicture* picture) const { WebPPictureFree(picture); }
};
struct WriterClear {
  void operator()(WebPMemoryWriter* writer) const { WebPMemoryWriterClear(writer); }
};

}  // namespace

Result<std::vector<uint8_t>> EncodeWebp(const Image& image) {
  constexpr int kLevel = 2;  // 0 (fast) .. 9 (small)
  if (image.bits != 8 || image.channels < 3) return UsageError(".webp: holds 8 bits RGB only; use .png");
  if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
    return WriteError(".webp: has sides of at most " + std::to_string(WEBP_MAX_DIMENSION) + " pixels; use .png");
  }
  WebPConfig config;
  WebPPicture picture;
  if (WebPConfigInit(&config) == 0 || WebPConfigLosslessPreset(&config, kLevel) == 0 ||
      WebPPictureInit(&picture) == 0) {
    return WriteError(".webp: this libwebp is another one than it was built for; use .png");
  }
  config.exact = 1;  // colours beneath transparent pixels as well
  picture.use_argb = 1;
  picture.width = image.width, picture.height = image.height;
  const std::unique_ptr<WebPPicture, PictureFree> free_picture(&picture);
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  const std::unique_ptr<WebPMemoryWriter, WriterClear> clear_writer(&writer);
  picture.writer = WebPMemoryWrite, picture.custom_ptr = &writer;
  const auto import = image.channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB;
  const bool written =
      import(&picture, image.pixels.data(), image.width * image.channels) != 0 && WebPEncode(&config, &picture) != 0;
  const bool memory =
      picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY || picture.error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY;
  if (!written && memory) throw std::bad_alloc();
  if (!written) return WriteError(".webp: libwebp cannot write this image; use .png");
  return std::vector<uint8_t>(writer.mem, writer.mem + writer.size);
}

}  // namespace aecomp
