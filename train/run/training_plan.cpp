#include "train/run/training_plan.h"

#include <algorithm>

#include "model/network/architecture_report.h"
#include "train/loss/tiled_network.h"
#include "train/run/format.h"

namespace aecomp {
namespace {

constexpr int kMostCrops = 64;
/// A run takes more than the estimate: oneDNN's copies of weights and its scratch memory, buffers of the entropy model,
/// a model in validation. A run of the released architecture takes twice the estimate.
constexpr double kOverhead = 2;

/// The largest multiple of `unit`, at most kUsualPatch, that nine of ten images hold.
int ChoosePatch(const Dataset& images, int unit) {
  std::vector<int> sides;
  for (size_t i = 0; i < images.size(); ++i) sides.push_back(std::min(images.image(i).width, images.image(i).height));
  std::sort(sides.begin(), sides.end());
  const int side = sides.empty() ? kUsualPatch : sides[sides.size() / 10];
  return std::max(unit, std::min(kUsualPatch, side) / unit * unit);
}

Result<double> BytesFor(const Architecture& a, int batch, int patch) {
  AECOMP_ASSIGN_OR_RETURN(const TrainingMemory memory, EstimateTrainingMemory(a, batch, patch));
  return kOverhead * memory.total();
}

std::string Gigabytes(double bytes) { return Format("%.1f GB", bytes / 1e9); }

}  // namespace

Result<TrainingPlan> PlanTraining(const Architecture& a, const Dataset& images, int64_t memory, int batch, int patch) {
  const int unit = CropUnit(a);
  TrainingPlan plan{batch, patch != 0 ? patch : ChoosePatch(images, unit)};
  while (true) {
    const int wanted = std::max(
        1, (kUsualBatch * kUsualPatch * kUsualPatch + plan.patch * plan.patch / 2) / (plan.patch * plan.patch));
    if (batch == 0) plan.batch = std::min(wanted, kMostCrops);
    AECOMP_ASSIGN_OR_RETURN(plan.bytes, BytesFor(a, plan.batch, plan.patch));
    while (batch == 0 && plan.batch > 1 && plan.bytes > static_cast<double>(memory)) {
      AECOMP_ASSIGN_OR_RETURN(plan.bytes, BytesFor(a, --plan.batch, plan.patch));
    }
    if (plan.bytes <= static_cast<double>(memory) || (batch != 0 && patch != 0)) return plan;  // as the user asked for
    if (patch != 0 || plan.patch == unit) break;
    plan.patch -= unit;
  }
  return UsageError("training needs about " + Gigabytes(plan.bytes) + " for " + std::to_string(plan.batch) +
                    " crops of " + std::to_string(plan.patch) + " pixels, but " +
                    Gigabytes(static_cast<double>(memory)) +
                    " are free for it; end other programs, or give --batch and --patch to try it all the same");
}

}  // namespace aecomp
