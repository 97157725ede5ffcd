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

/// What analysis and synthesis read of random patches, whose qualities lie evenly over the axis. y has M channels.
struct TransformInputs {
  std::vector<QualityScales> scales;
  std::vector<Tensor> pictures;  ///< for the encoder: [1, C, patch, patch] each
  std::vector<Tensor> y;         ///< what it gives: [1, M, h, w] each
  std::vector<Tensor> latents;   ///< for the decoder, as y: y^ * step, without the prior's means
};
/// Errors: those of Graph::Create.
Result<TransformInputs> DrawTransformInputs(const Architecture& architecture, Parameters& parameters,
                                            const Dataset& dataset, int patches);

/// What the networks of the prior read of the same patches.
struct PriorInputs {
  std::vector<Tensor> companded;  ///< for the hyper-encoder: [1, M, h, w] each
  std::vector<Tensor> z;          ///< for the hyper-decoder: z^ in its float scale, [1, channels of z, h', w'] each
  MeanInputs means;               ///< for mu head and context
};
/// Errors: those of Graph::Create.
Result<PriorInputs> FindPriorInputs(const Architecture& architecture, Parameters& parameters,
                                    const TransformInputs& inputs);

}  // namespace aecomp
