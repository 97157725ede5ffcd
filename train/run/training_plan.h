// Size of crops and batches, from the images there are and the memory there is.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"

namespace aecomp {

inline constexpr int kUsualPatch = 192, kUsualBatch = 6;  ///< where images and memory allow them

struct TrainingPlan {
  int batch = 0, patch = 0;
  double bytes = 0;  ///< an estimate of the memory of training, without the images
};

/// Chooses `batch` and `patch` where they are 0. The crop is 192 pixels wide or the multiple of CropUnit below that. It
/// is smaller when more than a tenth of the images are smaller. A step has about as many pixels as six crops of
/// 192x192, or as many as fit into `memory` bytes. kUsage when not even one crop of the smallest size fits.
Result<TrainingPlan> PlanTraining(const Architecture& architecture, const Dataset& images, int64_t memory, int batch,
                                  int patch);

}  // namespace aecomp
