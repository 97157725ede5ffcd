// Files in which the residual layer reaches what the network alone does not, or takes fewer bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

struct FilledFile {
  std::vector<uint8_t> bytes;
  std::optional<int> most_error;  ///< of the residual layer, where there is one
  std::optional<int> base;        ///< the quality of the network's part beneath it, where there is one
  std::optional<double> psnr;     ///< in dB, where it was measured
};

/// The file without loss.
Result<FilledFile> Lossless(Codec& codec, const Image& image);

/// Whether a picture has flat areas (text, line art, screens) or few different pixels (dithering): networks often need
/// several times as many bytes for such a picture as its lossless file has. Looks at a sample of 256 x 256 pixels.
bool IsFlat(const Image& image);

/// Of a flat picture: the file that the residual layer alone makes in at most `bytes` bytes, without loss or with the
/// least largest error that is better than networks'. None where there is no such file, and of other pictures.
Result<std::optional<FilledFile>> FlatWithin(Codec& codec, const Image& image, uint64_t bytes);

/// The smallest of the files that FlatWithin may give; of other pictures the one without loss.
Result<FilledFile> SmallestFill(Codec& codec, const Image& image);

/// Of a flat picture: what is better than a file that the network has made. That is the lossless file, up to a quarter
/// larger than `file`; else one that is not larger and has a higher PSNR. None of other pictures.
Result<std::optional<FilledFile>> FlatInstead(Codec& codec, const Image& image, std::span<const uint8_t> file);

/// quality: 0 .. 100. The file that the network gives; FlatInstead of it; or, where it has less than PsnrFloor, one
/// that reaches that. Needs ModelUse::kBoth beyond kFloorBegins.
Result<FilledFile> CompressToQuality(Codec& codec, const Image& image, double quality);

/// A file with at least `psnr` dB, made of the residual layer: the smallest that is found by its largest error and by
/// the quality of its base, if it has one (see Codec::SetBaseTries). Infinity: lossless.
Result<FilledFile> FillToPsnr(Codec& codec, const Image& image, double psnr);

/// The file of the least largest error that has at most `bytes` bytes, without a base or, where that has the better
/// PSNR, with one; of those that are better than networks are. None where there is no such file.
Result<std::optional<FilledFile>> FillToSize(Codec& codec, const Image& image, uint64_t bytes);

}  // namespace aecomp
