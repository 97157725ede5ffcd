#include "app/report/page_images.h"

#include "io/formats/opencv_api.h"
#include "io/formats/png.h"

namespace aecomp {
namespace {

constexpr int kWebpSide = 16383, kWithoutLoss = 101, kCloseQuality = 95;

uint64_t SizeOf(const std::vector<std::string>& texts) {
  uint64_t sum = 0;
  for (const std::string& text : texts) sum += text.size();
  return sum;
}

Result<std::string> AsWebp(const Image& image, int quality) {
  AECOMP_ASSIGN_OR_RETURN(const OpenCvApi* api, LoadOpenCv());
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, api->encode(image, ".webp", quality));
  return "data:image/webp;base64," + Base64(bytes);
}

}  // namespace

std::string Base64(const std::vector<uint8_t>& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t three = static_cast<uint32_t>(bytes[i]) << 16 |
                           (left > 1 ? static_cast<uint32_t>(bytes[i + 1]) << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
    text += digits[three >> 18];
    text += digits[three >> 12 & 63];
    text += left > 1 ? digits[three >> 6 & 63] : '=';
    text += left > 2 ? digits[three & 63] : '=';
  }
  return text;
}

Status PageImages::Put(size_t place, const Image& image) {
  if (image.width > kWebpSide || image.height > kWebpSide) {
    AECOMP_ASSIGN_OR_RETURN(const auto bytes, EncodePng(image, 6));
    exact_[place] = close_[place] = "data:image/png;base64," + Base64(bytes);
    return {};
  }
  AECOMP_ASSIGN_OR_RETURN(exact_[place], AsWebp(image, kWithoutLoss));
  AECOMP_ASSIGN_OR_RETURN(close_[place], AsWebp(image, kCloseQuality));
  return {};
}

PageImages::Form PageImages::Choose(uint64_t most_bytes) const {
  if (SizeOf(exact_) <= most_bytes) return {"Pictures are shown exactly as they were measured.", exact_, true};
  return {
      "Pictures were measured exactly, and are shown as WebP of quality 95, which blurs colours a little, so that "
      "the page stays small.",
      close_, SizeOf(close_) <= most_bytes};
}

}  // namespace aecomp
