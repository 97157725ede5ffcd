// Files in which the residual layer reaches what the network alone does not, or takes fewer bytes.
#pragma once

#include <cstdint>
#include <optional>
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

/// The lossless file of a picture of flat areas (text, line art, screens), where it has at most `bytes` bytes. Networks
/// often need several times as many for such a picture. Other pictures cost next to no time here.
Result<std::optional<FilledFile>> LosslessWithin(Codec& codec, const Image& image, uint64_t bytes);

/// The same in place of a file of a quality that has `bytes` bytes: up to a quarter larger, as nothing is lost.
Result<std::optional<FilledFile>> LosslessInstead(Codec& codec, const Image& image, uint64_t bytes);

/// quality: 0 .. 100. The file that the network gives; LosslessInstead of it; or, where it has less than PsnrFloor, one
/// that reaches that. Needs ModelUse::kBoth beyond kFloorBegins.
Result<FilledFile> CompressToQuality(Codec& codec, const Image& image, double quality);

/// A file with at least `psnr` dB, made of the residual layer: the smallest that is found by its largest error and by
/// the quality of its base, if it has one (see Codec::SetBaseTries). Infinity: lossless.
Result<FilledFile> FillToPsnr(Codec& codec, const Image& image, double psnr);

/// The file of the least largest error that has at most `bytes` bytes, without a base or, where that has the better
/// PSNR, with one; of those that are better than networks are. None where there is no such file. only_lossless: of the
/// largest error 0.
Result<std::optional<FilledFile>> FillToSize(Codec& codec, const Image& image, uint64_t bytes, bool only_lossless);

}  // namespace aecomp
