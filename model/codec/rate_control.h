// Compressing to a size or a PSNR instead of a quality.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

struct RateTarget {
  enum class Kind {
    kBytes,  ///< of the whole file, never exceeded
    kPsnr    ///< in dB, reached or exceeded
  };
  Kind kind = Kind::kBytes;
  double value = 0;
};

struct RateResult {
  std::vector<uint8_t> bytes;
  int quality = 0;                ///< in 1/16 steps, without most_error
  std::optional<int> most_error;  ///< where a residual layer makes up for what the network lacks
  std::optional<double> psnr;     ///< when that was the target
  int passes = 0;                 ///< of everything but the analysis transform, which runs once; at most 8
  std::string note;               ///< when the target lies beyond what is possible
};

/// Sizes: the best file that is not larger, mostly within 1 % of it. PSNR, up to infinity: the lowest quality that
/// reaches it. Beyond the best quality the residual layer takes over, up to lossless files. Fails (kUsage), naming the
/// nearest that is possible, when the lowest quality is still too large.
Result<RateResult> CompressToTarget(Codec& codec, const Image& image, const RateTarget& target);

}  // namespace aecomp
