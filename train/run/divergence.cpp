#include "train/run/divergence.h"

#include <algorithm>

#include "train/run/format.h"

namespace aecomp {
namespace {

constexpr double kDivergedLoss = 1.5;  // in multiples of the lowest loss so far

std::string FirstNonFinite(const Parameters& parameters, const TrainingModel& model) {
  for (const Parameter& p : parameters.list()) {
    if (!AllFinite(p.value)) return "parameter \"" + p.name + "\"";
  }
  if (const std::string where = model.FirstNonFinite(); !where.empty()) return where;
  for (const Parameter& p : parameters.list()) {
    if (!AllFinite(p.grad)) return "gradient of parameter \"" + p.name + "\"";
  }
  return "sum of the loss or of the squared gradients";
}

}  // namespace

Status Diverged(int64_t step, const std::string& how) {
  return {StatusCode::kDiverged, "training diverged at step " + std::to_string(step) + ": " + how};
}

Status NotFinite(int64_t step, const Parameters& parameters, const TrainingModel& model) {
  return Diverged(step, "not finite: " + FirstNonFinite(parameters, model));
}

Status LossWatch::Look(int64_t step, double loss) {
  if (loss > kDivergedLoss * lowest_) return Diverged(step, Format("its loss is %.4f, after %.4f", loss, lowest_));
  lowest_ = std::min(lowest_, loss);
  return {};
}

}  // namespace aecomp
