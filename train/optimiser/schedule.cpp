#include "train/optimiser/schedule.h"

#include <algorithm>
#include <cmath>

namespace aecomp {
namespace {

/// Until Adam's second moments are known; in short runs a twentieth of the run, but never less than kFewestSteps.
constexpr double kWarmUpSteps = 300, kFewestSteps = 20, kWarmUpPart = 0.05;

}  // namespace

double Schedule::Progress(int64_t step, double hours_done) const {
  const double by_steps = steps > 0 ? static_cast<double>(step) / static_cast<double>(steps) : 0;
  const double by_time = hours > 0 ? hours_done / hours : 0;
  return std::min(1.0, std::max(by_steps, by_time));
}

double Schedule::Rate(int64_t step, double hours_done) const {
  const double known = static_cast<double>(step - warm_up_from + 1);
  const double part = Progress(step, hours_done) / kWarmUpPart;
  const double warm_up = std::min(1.0, std::max(known / kWarmUpSteps, std::min(known / kFewestSteps, part)));
  const double cosine = 0.5 * (1 + std::cos(M_PI * Progress(step, hours_done)));
  return warm_up * (last + (peak - last) * cosine);
}

}  // namespace aecomp
