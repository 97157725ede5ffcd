#include "io/image_io.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "io/container.h"
#include "io/file.h"
#include "io/jpeg.h"
#include "io/opencv_api.h"
#include "io/png.h"
#include "io/pnm.h"

namespace aecomp {
namespace {

/// 16-bit samples to 8, rounded.
Image ReduceTo8Bits(const Image& image, std::vector<std::string>* notes) {
  Image reduced(image.width, image.height, image.channels);
  for (size_t i = 0; i < reduced.pixels.size(); ++i) {
    uint16_t sample;
    std::memcpy(&sample, image.pixels.data() + 2 * i, 2);
    reduced.pixels[i] = static_cast<uint8_t>((sample * 255u + 32767u) / 65535u);
  }
  if (notes != nullptr) notes->push_back("16 bits per sample reduced to 8");
  return reduced;
}

/// "png" of ".PNG".
std::string Kind(const std::string& extension) {
  std::string kind = extension.substr(extension.starts_with('.') ? 1 : 0);
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
  return kind;
}

bool IsPnm(const std::string& kind) { return kind == "ppm" || kind == "pgm" || kind == "pnm"; }

/// As stored.
Result<Image> DecodePixels(std::span<const uint8_t> bytes, const std::string& name, std::vector<std::string>* notes) {
  if (bytes.empty()) return InputError(name + ": is empty");
  if (LooksLikeContainer(bytes))
    return InputError(name + ": an .aec file, not an image; `aecomp decompress` restores it");
  if (LooksLikePng(bytes)) return DecodePng(bytes, name, notes);
  if (LooksLikePnm(bytes) && (bytes[1] == '5' || bytes[1] == '6')) {
    AECOMP_ASSIGN_OR_RETURN(Image image, DecodePnm(bytes, name));
    if (image.bits == 16) return ReduceTo8Bits(image, notes);
    return image;
  }
  if (LooksLikeJpeg(bytes) && !JpegIsComplete(bytes)) {
    return InputError(name + ": truncated JPEG image; fetch or make it again");
  }
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* const opencv, LoadOpenCv());
  return opencv->decode(bytes, name, notes);
}

}  // namespace

Result<Image> DecodeImage(std::span<const uint8_t> bytes, const std::string& name, std::vector<std::string>* notes,
                          Metadata* metadata) {
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodePixels(bytes, name, notes));
  Metadata found = ReadMetadata(bytes);
  if (const int orientation = ExifOrientation(found.exif); orientation != 1) {
    image = Oriented(image, orientation);
    ResetExifOrientation(found.exif);
  }
  if (metadata != nullptr) *metadata = std::move(found);
  return image;
}

Result<Image> ReadImage(const std::string& path, std::vector<std::string>* notes) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, ReadFile(path));
  return DecodeImage(bytes, path, notes);
}

Result<std::vector<uint8_t>> EncodeImage(const Image& image, const std::string& extension,
                                         const EncodeImageOptions& options) {
  const std::string kind = Kind(extension);
  if (kind.empty()) return UsageError("an image's name must end in its format, such as .png or .jpg");
  if (kind == "png") return EncodePng(image, options.png_level);
  if (kind == "pgm" && image.channels != 1) return UsageError(".pgm holds gray images only; write .ppm or .png");
  if (kind == "ppm" && image.channels != 3) return UsageError(".ppm holds RGB images only; write .pgm or .png");
  if (IsPnm(kind)) return EncodePnm(image);
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* const opencv, LoadOpenCv());
  return opencv->encode(image, "." + kind, options.quality);
}

}  // namespace aecomp
