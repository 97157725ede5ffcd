#include "io/formats/pnm.h"

#include <bit>
#include <cctype>
#include <cstring>

namespace aecomp {
namespace {

constexpr uint32_t kMaxNumber = 1 << 20;  // of width and height: see kMaxSide of the container

/// The numbers of the header: separated by white space, which may hold comments from '#' to the end of the line.
class PnmHeader {
 public:
  explicit PnmHeader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// 0 when there is no number or an absurd one.
  uint32_t Number() {
    SkipSpace();
    uint32_t value = 0;
    while (position_ < bytes_.size() && std::isdigit(bytes_[position_]) != 0 && value <= kMaxNumber) {
      value = value * 10 + (bytes_[position_++] - uint32_t{'0'});
    }
    return value <= kMaxNumber ? value : 0;
  }
  /// What follows the one white space after the last number.
  std::span<const uint8_t> Rest() const {
    const bool space = position_ < bytes_.size() && std::isspace(bytes_[position_]) != 0;
    return space ? bytes_.subspan(position_ + 1) : std::span<const uint8_t>();
  }

 private:
  void SkipSpace() {
    bool comment = false;
    for (; position_ < bytes_.size(); ++position_) {
      const uint8_t c = bytes_[position_];
      if (c == '#') comment = true;
      if (c == '\n' || c == '\r') comment = false;
      if (!comment && std::isspace(c) == 0) return;
    }
  }

  std::span<const uint8_t> bytes_;
  size_t position_ = 2;
};

uint16_t BigEndian(const uint8_t* p) { return static_cast<uint16_t>(p[0] << 8 | p[1]); }

void StoreSample(Image& image, size_t i, uint32_t value) {
  if (image.bits == 8) {
    image.pixels[i] = static_cast<uint8_t>(value);
  } else {
    const auto sample = static_cast<uint16_t>(value);
    std::memcpy(image.pixels.data() + 2 * i, &sample, 2);
  }
}

Status TakeSamples(std::span<const uint8_t> data, uint32_t maxval, const std::string& name, Image& image) {
  const uint32_t peak = image.bits == 8 ? 255 : 65535;
  if (maxval == 255) {
    std::memcpy(image.pixels.data(), data.data(), data.size());
    return {};
  }
  const size_t count = image.pixels.size() / static_cast<size_t>(image.bits / 8);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t value = image.bits == 8 ? data[i] : BigEndian(data.data() + 2 * i);
    if (value > maxval) return InputError(name + ": damaged PNM image: a sample is above the maximum it declares");
    StoreSample(image, i, (value * peak + maxval / 2) / maxval);
  }
  return {};
}

}  // namespace

bool LooksLikePnm(std::span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && std::isspace(bytes[2]) != 0;
}

Result<Image> DecodePnm(std::span<const uint8_t> bytes, const std::string& name) {
  if (!LooksLikePnm(bytes) || (bytes[1] != '5' && bytes[1] != '6')) {
    return InputError(name + ": not a binary PGM or PPM image (P5 or P6)");
  }
  PnmHeader header(bytes);
  const uint32_t width = header.Number(), height = header.Number(), maxval = header.Number();
  if (width == 0 || height == 0 || maxval == 0 || maxval > 65535) {
    return InputError(name + ": damaged PNM image: impossible width, height or maximum");
  }
  const int channels = bytes[1] == '6' ? 3 : 1, bits = maxval < 256 ? 8 : 16;
  const auto data = header.Rest();
  const size_t needed = Image::ByteSize(static_cast<int>(width), static_cast<int>(height), channels, bits);
  if (data.size() < needed) return InputError(name + ": truncated PNM image; fetch or make it again");
  if (data.size() > needed) {
    return InputError(name + ": " + std::to_string(data.size() - needed) +
                      " bytes follow the PNM image; split the file");
  }
  Image image(static_cast<int>(width), static_cast<int>(height), channels, bits);
  AECOMP_RETURN_IF_ERROR(TakeSamples(data, maxval, name, image));
  return image;
}

Result<std::vector<uint8_t>> EncodePnm(const Image& image) {
  if (image.channels != 1 && image.channels != 3) return UsageError("PNM holds no alpha; write a PNG instead");
  const std::string header = std::string(image.channels == 3 ? "P6" : "P5") + "\n" + std::to_string(image.width) + " " +
                             std::to_string(image.height) + (image.bits == 8 ? "\n255\n" : "\n65535\n");
  std::vector<uint8_t> bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  if (image.bits == 16 && std::endian::native == std::endian::little) {
    for (size_t i = header.size(); i < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
  }
  return bytes;
}

}  // namespace aecomp
