#include "model/codec/quality_axis.h"

#include <algorithm>
#include <cmath>

namespace aecomp {
namespace {

/// Up to the default, an equal part of the axis for every quality; so much of it lies below the default. Chosen on
/// validation photographs, see train/EXPERIMENTS.md: there Butteraugli is that of `cjxl -d 2.5`.
constexpr double kPartBelowDefault = 99.0 / 112;

}  // namespace

int StepOfQuality(double quality, int max_step) {
  const double below = std::min(quality, kDefaultQuality) / kDefaultQuality;
  const double above = std::max(quality - kDefaultQuality, 0.0) / (100 - kDefaultQuality);
  return static_cast<int>(std::lround((below * kPartBelowDefault + above * (1 - kPartBelowDefault)) * max_step));
}

double QualityOfStep(int step, int max_step) {
  const double part = static_cast<double>(step) / std::max(max_step, 1);
  if (part <= kPartBelowDefault) return part / kPartBelowDefault * kDefaultQuality;
  return kDefaultQuality + (part - kPartBelowDefault) / (1 - kPartBelowDefault) * (100 - kDefaultQuality);
}

}  // namespace aecomp
