#include "model/codec/quality_axis.h"

#include <algorithm>
#include <cmath>

namespace aecomp {
namespace {

/// Of the core of the axis, what lies below the default quality. Chosen on validation photographs, see
/// train/EXPERIMENTS.md: there Butteraugli is that of `cjxl -d 2.5`.
constexpr double kPartBelowDefault = 99.0 / 112;

double StepOfDefault(const Architecture& architecture) { return kPartBelowDefault * architecture.core_quality(); }

}  // namespace

int StepOfQuality(double quality, const Architecture& architecture) {
  const double at_default = StepOfDefault(architecture);
  const double below = std::min(quality, kDefaultQuality) / kDefaultQuality;
  const double above = std::max(quality - kDefaultQuality, 0.0) / (100 - kDefaultQuality);
  return static_cast<int>(std::lround(below * at_default + above * (architecture.max_quality() - at_default)));
}

double QualityOfStep(int step, const Architecture& architecture) {
  const double at_default = StepOfDefault(architecture);
  if (step <= at_default) return step / std::max(at_default, 1.0) * kDefaultQuality;
  return kDefaultQuality + (step - at_default) / (architecture.max_quality() - at_default) * (100 - kDefaultQuality);
}

}  // namespace aecomp
