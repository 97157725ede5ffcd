// Size of crops and batches, from the images there are and the memory there is.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"

namespace aecomp {

inline constexpr int kUsualPatch = 192, kUsualBatch = 6;  ///< when nothing speaks against it

/// What crops must be a multiple of, in pixels.
int CropUnit(const Architecture& architecture);

/// kUsage when a crop size that was asked for is not (0: none was).
Status CheckPatch(const Architecture& architecture, int patch);

struct TrainingPlan {
  int batch = 0, patch = 0;
  double bytes = 0;  ///< estimate of what training takes, without the images
};

/// `batch` and `patch`: 0 where they are to be chosen. The crop is 192 pixels or the multiple of CropUnit below it,
/// smaller when more than a tenth of the images are smaller than that; a step has about as many pixels as six crops of
/// 192x192, or what fits into `memory` bytes. kUsage when not even one crop of the smallest size fits.
Result<TrainingPlan> PlanTraining(const Architecture& architecture, const Dataset& images, int64_t memory, int batch,
                                  int patch);

}  // namespace aecomp
