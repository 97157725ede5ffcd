#include "io/formats/decode_options.h"

#include <algorithm>

namespace aecomp {
namespace {

// A blank page of 600 dots an inch and a plain picture of 24 megapixels have files of any size. Beyond them, pictures
// of photographs, drawings and scans have at least a byte for 256 pixels.
constexpr uint64_t kAlwaysPlausible = uint64_t{25'000'000}, kPixelsOfAByte = 256;
constexpr uint64_t kPlausibleBytes = 4;  // of a pixel; more count as more pixels
constexpr uint64_t kLeastSide = 64;      // a thin picture costs as much as one of this side

}  // namespace

Status CheckPixels(uint64_t width, uint64_t height, uint64_t bytes_per_pixel, size_t file_bytes,
                   const std::string& name, const DecodeOptions& options) {
  const std::string size =
      name + ": " + std::to_string(width) + " x " + std::to_string(height) + " pixels are more than ";
  if (width == 0 || height == 0) return InputError(name + ": an image without pixels; fetch or make it again");
  const uint64_t most = options.max_pixels.value_or(kDefaultMaxPixels);
  if (height > most / width) {
    return InputError(size + "the " + std::to_string(most) +
                      " that are read; cut it into pieces, or raise --max-pixels");
  }
  if (options.max_pixels) return {};
  const uint64_t weight = std::max<uint64_t>(1, (bytes_per_pixel + kPlausibleBytes - 1) / kPlausibleBytes);
  const uint64_t plausible = std::max(kAlwaysPlausible, kPixelsOfAByte * file_bytes);
  if (std::max(width, kLeastSide) * std::max(height, kLeastSide) <= plausible / weight) return {};
  return InputError(size + "a sound file of " + std::to_string(file_bytes) +
                    " bytes holds; where you trust it, read it with --max-pixels " + std::to_string(width * height));
}

Status CheckDecodedPixels(uint64_t width, uint64_t height, uint64_t most, const std::string& name,
                          const std::string& remedy) {
  if (width == 0 || height <= most / width) return {};
  return InputError(name + ": " + std::to_string(width) + " x " + std::to_string(height) +
                    " pixels are more than the " + std::to_string(most) + " that are decoded; " + remedy);
}

Status PassOverDamage(const std::string& what, const std::string& name, const DecodeOptions& options,
                      std::vector<std::string>* notes) {
  if (options.strict) {
    return InputError(name + ": damaged: " + what + "; fetch or make it again, or leave out --strict");
  }
  AddNote(notes, "damaged, and parts of the picture are guessed: " + what);
  return {};
}

}  // namespace aecomp
