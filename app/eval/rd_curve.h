// Rate-distortion curves: means over images at each quality, and published curves beside them.
#pragma once

#include <string>
#include <vector>

#include "app/eval/eval_measure.h"
#include "io/bd_rate.h"
#include "io/status.h"

namespace aecomp {

/// Means over images at one quality of one codec.
struct RdPoint {
  double quality = 0;
  double bpp = 0;
  Scores scores;  ///< means of the images' scores, each at most kMostScore; NaN where an image lacks one
  double encode_mps = 0, decode_mps = 0;  ///< megapixels a second: all pixels over all time
  double worst_estimate = 0;  ///< real bits / estimated bits of the image where it is farthest from 1; 0: unknown
};

struct RdCurve {
  std::string name;
  std::vector<RdPoint> points;  ///< in order of bits per pixel
};

/// One curve a codec, in order of first appearance.
std::vector<RdCurve> MeanCurves(const std::vector<Measurement>& measurements);

/// {"curves": {name: {"bpp": [...], "psnr": [...]}}}
Result<std::vector<RdCurve>> ReadAnchors(const std::string& path);

/// Scores from the lowest to the highest; low > high: there are none.
struct Range {
  double low = kMostScore + 1, high = -kMostScore - 1;
};
Range RangeOf(const RdCurve& curve, Metric metric);

/// Rates by score, both rising strictly: a point that another one beats, with no more bits and no lower score, is left
/// out, and so is one without a score.
std::vector<RatePoint> FrontOf(const RdCurve& curve, Metric metric);
std::vector<RatePoint> FrontOf(std::vector<RatePoint> points);

}  // namespace aecomp
