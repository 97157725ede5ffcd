#include "model/residual/samples.h"

namespace aecomp::residual {
namespace {

/// Green comes first: the other colours follow it more closely than each other.
constexpr std::array<int, 3> kOrder{1, 0, 2};

template <class T>
void CopySamples(const Image& image, Samples& s) {
  const auto* from = reinterpret_cast<const T*>(image.pixels.data());
  const auto channels = static_cast<size_t>(s.channels);
  for (size_t i = 0; i < s.values.size(); i += channels) {
    for (size_t c = 0; c < channels; ++c) {
      s.values[i + c] = from[i + (channels == 1 ? 0 : static_cast<size_t>(kOrder[c]))];
    }
  }
}

template <class T>
void CopyPixels(const Samples& s, Image& image) {
  auto* to = reinterpret_cast<T*>(image.pixels.data());
  const auto channels = static_cast<size_t>(s.channels);
  for (size_t i = 0; i < s.values.size(); i += channels) {
    for (size_t c = 0; c < channels; ++c) {
      to[i + (channels == 1 ? 0 : static_cast<size_t>(kOrder[c]))] = static_cast<T>(s.values[i + c]);
    }
  }
}

}  // namespace

Samples ShapeOf(const Image& image) {
  Samples s;
  s.width = image.width, s.height = image.height, s.channels = image.channels;
  for (int c = 0; c < s.channels; ++c) s.maximum[static_cast<size_t>(c)] = (1 << image.bits) - 1;
  return s;
}

Samples SamplesOf(const Image& image) {
  Samples s = ShapeOf(image);
  s.values.resize(image.pixels.size() / static_cast<size_t>(image.bits / 8));
  image.bits == 8 ? CopySamples<uint8_t>(image, s) : CopySamples<uint16_t>(image, s);
  return s;
}

void ToPixels(const Samples& s, Image& image) {
  image.bits == 8 ? CopyPixels<uint8_t>(s, image) : CopyPixels<uint16_t>(s, image);
}

}  // namespace aecomp::residual
