#include "io/formats/image_io.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>

#include "io/container.h"
#include "io/convert.h"
#include "io/file.h"
#include "io/formats/jpeg.h"
#include "io/formats/opencv_api.h"
#include "io/formats/orientation.h"
#include "io/formats/png.h"
#include "io/formats/pnm.h"

namespace aecomp {
namespace {

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
  if (LooksLikePng(bytes)) return DecodePng(bytes, name);
  if (LooksLikePnm(bytes) && (bytes[1] == '5' || bytes[1] == '6')) return DecodePnm(bytes, name);
  if (LooksLikeJpeg(bytes) && !JpegIsComplete(bytes)) {
    return InputError(name + ": truncated JPEG image; fetch or make it again");
  }
  if (notes != nullptr && JpegComponents(bytes) == 4) notes->push_back("CMYK converted to RGB");
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* const opencv, LoadOpenCv());
  return opencv->decode(bytes, name);
}

}  // namespace

Result<Image> DecodeImage(std::span<const uint8_t> bytes, const std::string& name, std::vector<std::string>* notes,
                          Metadata* metadata) {
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodePixels(bytes, name, notes));
  LeftOut left_out;
  Metadata found = ReadMetadata(bytes, left_out);
  if (const int orientation = ExifOrientation(found.exif); orientation != 1) {
    image = Oriented(image, orientation);
    FitMetadataToTurnedPixels(found, orientation, left_out);
  }
  FitMetadataToPixels(found, image.channels, left_out);
  left_out.AppendTo(notes, metadata != nullptr);
  if (metadata != nullptr) *metadata = std::move(found);
  return image;
}

bool HasImageExtension(const std::string& path) {
  static constexpr std::array kKinds = {"png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "ppm", "pgm", "pnm", "jp2"};
  const std::string kind = Kind(std::filesystem::path(path).extension());
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

Result<Image> ReadPlainImage(const std::string& path, std::vector<std::string>* notes) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, ReadFile(path));
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodeImage(bytes, path, notes));
  return ToPlain8Bits(std::move(image), notes);
}

namespace {

/// What a format holds, as far as it is written here.
struct Holds {
  bool alpha = false, sixteen_bits = false, gray = true;
};

Holds WhatHolds(const std::string& kind) {
  if (kind == "png") return {true, true, true};
  if (kind == "tif" || kind == "tiff") return {true, true, true};
  if (kind == "webp") return {true, false, false};
  if (kind == "ppm") return {false, true, false};
  return {false, IsPnm(kind) || kind == "jp2", true};
}

/// The image as the format holds it; nothing when that is as it is.
std::optional<Image> Fitted(const Image& image, const std::string& kind, std::vector<std::string>* notes) {
  const Holds holds = WhatHolds(kind);
  const auto note = [&](const char* what) {
    if (notes != nullptr) notes->push_back(what + (": " + kind + " holds none here; write a .png"));
  };
  const bool drop_alpha = HasAlpha(image) && !holds.alpha;
  const bool reduce = image.bits == 16 && !holds.sixteen_bits;
  const bool gray_alpha = image.channels == 2 && !drop_alpha && kind != "png";
  const bool widen = image.channels < 3 && (!holds.gray || gray_alpha);
  if (!drop_alpha && !reduce && !widen) return std::nullopt;
  Image result = image.Clone();
  if (drop_alpha) note("alpha left out");
  if (drop_alpha) result = WithoutAlpha(std::move(result));
  if (reduce) note("16 bits per sample reduced to 8");
  if (reduce) result = To8Bits(std::move(result));
  if (widen) result = GrayToRgb(std::move(result));
  return result;
}

}  // namespace

Result<std::vector<uint8_t>> EncodeImage(const Image& full, const std::string& extension,
                                         const EncodeImageOptions& options, std::vector<std::string>* notes) {
  const std::string kind = Kind(extension);
  if (kind.empty()) return UsageError("an image's name must end in its format, such as .png or .jpg");
  const std::optional<Image> fitted = Fitted(full, kind, notes);
  const Image& image = fitted ? *fitted : full;
  if (kind == "png") return EncodePng(image, options.png_level);
  if (kind == "pgm" && image.channels != 1) return UsageError(".pgm holds gray images only; write .ppm or .png");
  if (IsPnm(kind)) return EncodePnm(image);
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* const opencv, LoadOpenCv());
  return opencv->encode(image, "." + kind, options.quality);
}

}  // namespace aecomp
