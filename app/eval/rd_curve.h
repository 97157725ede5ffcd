// Rate-distortion curves: means over images at each quality, published curves beside them, BD-rate between them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/eval/eval_measure.h"
#include "io/status.h"

namespace aecomp {

/// What an image whose PSNR is higher, or infinite because it came back exactly, adds to a mean PSNR. In dB.
inline constexpr double kMostPsnr = 100;

/// Means over images at one quality of one codec.
struct RdPoint {
  double quality = 0;
  double bpp = 0, psnr = 0, ms_ssim = 0;  ///< means of the images' values
  double encode_mps = 0, decode_mps = 0;  ///< megapixels a second: all pixels over all time
  double worst_estimate = 0;  ///< real bits / estimated bits of the image where it is farthest from 1; 0: unknown
};

struct RdCurve {
  std::string name;
  std::vector<RdPoint> points;  ///< in order of quality
};

/// One curve a codec, in order of first appearance.
std::vector<RdCurve> MeanCurves(const std::vector<Measurement>& measurements);

/// {"curves": {name: {"bpp": [...], "psnr": [...]}}}
Result<std::vector<RdCurve>> ReadAnchors(const std::string& path);

inline constexpr double kBdLow = 28.5, kBdHigh = 37;  ///< dB

/// Rate of `curve` relative to `anchor` at equal PSNR between kBdLow and kBdHigh, in percent; none unless both rise and
/// span it.
std::optional<double> BdRatePercent(const RdCurve& anchor, const RdCurve& curve);

}  // namespace aecomp
