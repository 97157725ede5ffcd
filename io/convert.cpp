#include "io/convert.h"

#include <cstring>

namespace aecomp {
namespace {

size_t PixelCount(const Image& image) { return static_cast<size_t>(image.width) * static_cast<size_t>(image.height); }

/// A new image of `channels`, each pixel made by f(from, to) out of pointers to whole samples' bytes.
template <class F>
Image MapPixels(const Image& image, int channels, F f) {
  Image result(image.width, image.height, channels, image.bits);
  const size_t in = Image::ByteSize(1, 1, image.channels, image.bits);
  const size_t out = Image::ByteSize(1, 1, channels, image.bits);
  const uint8_t* from = image.pixels.data();
  uint8_t* to = result.pixels.data();
  for (size_t i = PixelCount(image); i > 0; --i, from += in, to += out) f(from, to);
  return result;
}

}  // namespace

bool IsOpaque(const Image& image) {
  if (!HasAlpha(image)) return true;
  const size_t sample = static_cast<size_t>(image.bits / 8), pixel = sample * static_cast<size_t>(image.channels);
  for (size_t at = pixel - sample; at < image.pixels.size(); at += pixel) {
    for (size_t b = 0; b < sample; ++b) {
      if (image.pixels[at + b] != 0xff) return false;
    }
  }
  return true;
}

Image AlphaOf(const Image& image) {
  const size_t sample = static_cast<size_t>(image.bits / 8), colour = sample * static_cast<size_t>(image.channels - 1);
  return MapPixels(image, 1, [&](const uint8_t* from, uint8_t* to) { std::memcpy(to, from + colour, sample); });
}

Image WithoutAlpha(Image image) {
  if (!HasAlpha(image)) return image;
  const size_t colour = Image::ByteSize(1, 1, image.channels - 1, image.bits);
  return MapPixels(image, image.channels - 1, [&](const uint8_t* from, uint8_t* to) { std::memcpy(to, from, colour); });
}

Image WithAlpha(const Image& colour, const Image& alpha) {
  const size_t sample = static_cast<size_t>(colour.bits / 8), size = sample * static_cast<size_t>(colour.channels);
  const uint8_t* opacity = alpha.pixels.data();
  return MapPixels(colour, colour.channels + 1, [&](const uint8_t* from, uint8_t* to) {
    std::memcpy(to, from, size);
    std::memcpy(to + size, opacity, sample);
    opacity += sample;
  });
}

Image To8Bits(Image image) {
  if (image.bits == 8) return image;
  Image reduced(image.width, image.height, image.channels);
  for (size_t i = 0; i < reduced.pixels.size(); ++i) {
    uint16_t sample;
    std::memcpy(&sample, image.pixels.data() + 2 * i, 2);
    reduced.pixels[i] = static_cast<uint8_t>((sample * 255u + 32767u) / 65535u);
  }
  return reduced;
}

Image GrayToRgb(Image image) {
  if (image.channels > 2) return image;
  const size_t sample = static_cast<size_t>(image.bits / 8), alpha = image.channels == 2 ? sample : 0;
  return MapPixels(image, image.channels + 2, [&](const uint8_t* from, uint8_t* to) {
    for (size_t c = 0; c < 3; ++c) std::memcpy(to + c * sample, from, sample);
    std::memcpy(to + 3 * sample, from + sample, alpha);
  });
}

Image ToPlain8Bits(Image image, std::vector<std::string>* notes) {
  if (notes != nullptr && image.bits == 16) notes->push_back("16 bits per sample reduced to 8");
  if (notes != nullptr && !IsOpaque(image)) notes->push_back("alpha left out");
  return WithoutAlpha(To8Bits(std::move(image)));
}

}  // namespace aecomp
