#include <bit>
#include <string>

#include "io/formats/pnm.h"

namespace aecomp {
namespace {

/// Samples of 16 bits have their high byte first.
std::vector<uint8_t> Joined(const std::string& header, const Image& image) {
  std::vector<uint8_t> bytes;
  bytes.reserve(header.size() + image.pixels.size());
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  if (image.bits == 16 && std::endian::native == std::endian::little) {
    for (size_t i = header.size(); i < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
  }
  return bytes;
}

const char* MaxVal(const Image& image) { return image.bits == 8 ? "255" : "65535"; }

}  // namespace

Result<std::vector<uint8_t>> EncodePnm(const Image& image) {
  if (image.channels != 1 && image.channels != 3) return UsageError("PNM holds no alpha; write a PNG instead");
  return Joined(std::string(image.channels == 3 ? "P6" : "P5") + "\n" + std::to_string(image.width) + " " +
                    std::to_string(image.height) + "\n" + MaxVal(image) + "\n",
                image);
}

std::vector<uint8_t> EncodePam(const Image& image) {
  static const char* const kTypes[] = {"GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"};
  return Joined("P7\nWIDTH " + std::to_string(image.width) + "\nHEIGHT " + std::to_string(image.height) + "\nDEPTH " +
                    std::to_string(image.channels) + "\nMAXVAL " + MaxVal(image) + "\nTUPLTYPE " +
                    kTypes[image.channels - 1] + "\nENDHDR\n",
                image);
}

}  // namespace aecomp
