// Between kinds of pixels: with and without alpha, 8 and 16 bits, gray and RGB.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/image.h"

namespace aecomp {

inline bool HasAlpha(const Image& image) { return image.channels % 2 == 0; }

/// True for an image without alpha, and for one whose alpha is at its maximum everywhere.
bool IsOpaque(const Image& image);

/// The last channel of an image with alpha. [height, width, 1]
Image AlphaOf(const Image& image);
/// All channels but alpha.
Image WithoutAlpha(Image image);
/// colour: 1 or 3 channels; alpha: one channel of the same size and depth.
Image WithAlpha(const Image& colour, const Image& alpha);

/// 16-bit samples divided by 257 and rounded.
Image To8Bits(Image image);

/// Three equal channels (and alpha, if there is one) of one.
Image GrayToRgb(Image image);

/// The form that networks train on and that other codecs take: 8 bits, no alpha. `notes` (may be null) gets a line for
/// each loss.
Image ToPlain8Bits(Image image, std::vector<std::string>* notes);

}  // namespace aecomp
