// The input of one training step, and what the step reports.
#pragma once

#include <cstdint>

namespace aecomp {

/// N crops. All pixels are channels-last, [N, H, W, C], in [0, 1].
struct TrainingBatch {
  const float* x = nullptr;        ///< what the encoder sees
  const float* target = nullptr;   ///< what the decoded crops are compared with: x, or x without its noise
  const float* quality = nullptr;  ///< [N], in 1/16 steps, may be fractional
  uint64_t seed = 0;               ///< of the noise that stands for rounding
  /// Place of crop 0 in the batch of all processes: every crop has the same noise however many processes share a batch.
  int64_t first_crop = 0;
};

/// Means over the crops of a batch.
struct StepResult {
  double loss = 0;   ///< (bpp + lambda * distortion) * RateWeight(lambda), lambda of the distortion in [0, 255]
  double bpp = 0;    ///< bits per pixel of y and z
  double z_bpp = 0;  ///< bits per pixel of z
  double mse = 0;    ///< mean squared error of samples in [0, 1]
};

}  // namespace aecomp
