#include "io/formats/image_io.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "io/container.h"
#include "io/convert.h"
#include "io/file.h"
#include "io/formats/bmp.h"
#include "io/formats/foreign.h"
#include "io/formats/format_api.h"
#include "io/formats/jpeg.h"
#include "io/formats/opencv_api.h"
#include "io/formats/orientation.h"
#include "io/formats/png.h"
#include "io/formats/pnm.h"

namespace aecomp {
namespace {

/// "png" of ".PNG", "jpg" of ".jpeg".
std::string Kind(const std::string& extension) {
  std::string kind = extension.substr(extension.starts_with('.') ? 1 : 0);
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
  if (kind == "jpeg" || kind == "jpe" || kind == "jfif") return "jpg";
  if (kind == "tiff") return "tif";
  return kind == "dib" ? "bmp" : kind;
}

bool IsPnm(const std::string& kind) { return kind == "ppm" || kind == "pgm" || kind == "pnm"; }

bool StartsWith(std::span<const uint8_t> bytes, std::string_view prefix) {
  const auto same = [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; };
  return bytes.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), bytes.begin(), same);
}

/// Of 32 or of 64 bits (BigTIFF), in either order of bytes.
bool LooksLikeTiff(std::span<const uint8_t> bytes) {
  using namespace std::string_view_literals;
  return StartsWith(bytes, "II*\0"sv) || StartsWith(bytes, "MM\0*"sv) || StartsWith(bytes, "II+\0"sv) ||
         StartsWith(bytes, "MM\0+"sv);
}

DecodeFunction* FormatApi::*DecoderOf(std::span<const uint8_t> bytes) {
  using namespace std::string_view_literals;
  if (LooksLikeJpeg(bytes)) return &FormatApi::decode_jpeg;
  if (LooksLikeTiff(bytes)) return &FormatApi::decode_tiff;
  if (StartsWith(bytes, "RIFF") && bytes.size() > 12 && StartsWith(bytes.subspan(8), "WEBP")) {
    return &FormatApi::decode_webp;
  }
  const bool file = StartsWith(bytes, "\0\0\0\x0cjP  \r\n\x87\n"sv),
             codestream = StartsWith(bytes, "\xff\x4f\xff\x51"sv);
  return file || codestream ? &FormatApi::decode_jp2 : nullptr;
}

Status NotAnImage(std::span<const uint8_t> bytes, const std::string& name) {
  const char* const foreign = NameOfForeignFormat(bytes);
  if (foreign != nullptr) return InputError(name + ": " + foreign + ", which is not read here; convert it to PNG");
  return InputError(name +
                    ": not an image that can be read, or a damaged one; convert it to PNG, PPM, JPEG, WebP or TIFF");
}

Result<Image> DecodeAnyPng(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options,
                           std::vector<std::string>* notes) {
  constexpr size_t kDepth = 24;
  const auto size = PeekPngSize(bytes);
  if (size && size->width > 0 && size->height > 0 && bytes.size() > kDepth) {
    const uint64_t bytes_per_pixel = bytes[kDepth] == 16 ? 8 : 4;
    AECOMP_RETURN_IF_ERROR(CheckPixels(static_cast<uint64_t>(size->width), static_cast<uint64_t>(size->height),
                                       bytes_per_pixel, bytes.size(), name, options));
  }
  std::string damage;
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodePng(bytes, name, options.max_pixels.value_or(kMaxPngPixels), &damage));
  if (!damage.empty()) AECOMP_RETURN_IF_ERROR(PassOverDamage(damage, name, options, notes));
  return image;
}

/// As stored.
Result<Image> DecodePixels(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options,
                           std::vector<std::string>* notes) {
  if (bytes.empty()) return InputError(name + ": is empty");
  if (LooksLikeContainer(bytes))
    return InputError(name + ": an .aec file, not an image; `aecomp decompress` restores it");
  if (LooksLikePng(bytes)) return DecodeAnyPng(bytes, name, options, notes);
  if (LooksLikePnm(bytes)) return DecodePnm(bytes, name, options, notes);
  if (LooksLikeBmp(bytes)) return DecodeBmp(bytes, name, options, notes);
  const auto decode = DecoderOf(bytes);
  if (decode == nullptr) return NotAnImage(bytes, name);
  AECOMP_ASSIGN_OR_RETURN(const FormatApi* const formats, LoadFormats());
  return (formats->*decode)(bytes, name, options, notes);
}

}  // namespace

Result<Image> DecodeImage(std::span<const uint8_t> bytes, const std::string& name, std::vector<std::string>* notes,
                          Metadata* metadata, const DecodeOptions& options) {
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodePixels(bytes, name, options, notes));
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

Result<Image> ReadPlainImage(const std::string& path, std::vector<std::string>* notes, const DecodeOptions& options) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, ReadFile(path, {.is_known = LooksLikeImage}));
  AECOMP_ASSIGN_OR_RETURN(Image image, DecodeImage(bytes, path, notes, nullptr, options));
  return ToPlain8Bits(std::move(image), notes);
}

namespace {

/// What a format holds, as far as it is written here.
struct Holds {
  bool alpha = false, sixteen_bits = false, gray = true;
};

Holds WhatHolds(const std::string& kind) {
  if (kind == "png") return {true, true, true};
  if (kind == "tif" || kind == "pam") return {true, true, true};
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
  const bool gray_alpha = image.channels == 2 && !drop_alpha && kind == "webp";
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

Status CheckWritable(const std::string& extension) {
  static constexpr std::array kKinds = {"png", "ppm", "pgm", "pnm", "pam", "jpg", "webp", "tif", "bmp", "jp2"};
  const std::string kind = Kind(extension);
  if (kind.empty()) return UsageError("an image's name must end in its format, such as .png or .jpg");
  if (std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end()) return {};
  return UsageError("." + kind +
                    ": a format that is not written; use .png, .ppm, .pgm, .pam, .jpg, .webp, .tif, .bmp or .jp2");
}

Result<std::vector<uint8_t>> EncodeImage(const Image& full, const std::string& extension,
                                         const EncodeImageOptions& options, std::vector<std::string>* notes) {
  const std::string kind = Kind(extension);
  AECOMP_RETURN_IF_ERROR(CheckWritable(extension));
  const std::optional<Image> fitted = Fitted(full, kind, notes);
  const Image& image = fitted ? *fitted : full;
  if (kind == "png") return EncodePng(image, options.png_level);
  if (kind == "pgm" && image.channels != 1) return UsageError(".pgm holds gray images only; write .ppm or .png");
  if (IsPnm(kind)) return EncodePnm(image);
  if (kind == "pam") return EncodePam(image);
  if (kind == "tif" || kind == "jp2" || kind == "webp") {
    AECOMP_ASSIGN_OR_RETURN(const FormatApi* const formats, LoadFormats());
    const auto encode = kind == "tif"   ? formats->encode_tiff
                        : kind == "jp2" ? formats->encode_jp2
                                        : formats->encode_webp;
    return encode(image);
  }
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* const opencv, LoadOpenCv());
  return opencv->encode(image, "." + kind, options.quality);
}

}  // namespace aecomp
