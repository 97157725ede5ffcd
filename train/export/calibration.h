// What the networks of a codec read of random patches: what their integers are chosen for.
#pragma once

#include <span>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/entropy/entropy_parameters.h"
#include "model/entropy/integer_means.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Width of the patches, in pixels. Images should be at least as wide and as high.
int CalibrationPatchSize(const Architecture& architecture);

/// Writes patch number i as networks see it, samples minus 1/2. x: [patch, patch, C].
void CalibrationPatch(const Dataset& dataset, int i, int patch, std::span<float> x);

/// Of patches, whose qualities lie evenly over the axis.
struct TransformInputs {
  std::vector<QualityScales> scales;
  std::vector<Tensor> pictures;  ///< for the encoder
  std::vector<Tensor> y;         ///< what it gives
  std::vector<Tensor> latents;   ///< for the decoder: y^ * step, without the prior's means
};
Result<TransformInputs> DrawTransformInputs(const Architecture& architecture, Parameters& parameters,
                                            const Dataset& dataset, int patches);

struct PriorInputs {
  std::vector<Tensor> companded;  ///< for the hyper-encoder
  std::vector<Tensor> z;          ///< for the hyper-decoder: z^ in its float scale
  MeanInputs means;               ///< for mu head and context
};
Result<PriorInputs> FindPriorInputs(const Architecture& architecture, Parameters& parameters,
                                    const TransformInputs& inputs);

}  // namespace aecomp
