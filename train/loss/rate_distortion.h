// The loss of both kinds of training models: rate plus lambda times distortion.
#pragma once

#include <memory>
#include <vector>

#include "model/base/tensor.h"
#include "model/network/architecture.h"
#include "train/loss/distortion.h"
#include "train/loss/training_batch.h"

namespace aecomp {

/// Weight of a crop's bpp + lambda * distortion in the loss, so that high rates do not drown the low ones. lambda: of
/// the distortion of samples in [0, 1].
inline double RateWeight(double lambda) { return 1 / (1e-3 * lambda + 0.3); }

/// lambda of a quality (in 1/16 steps) for the distortion of samples in [0, 1].
inline double LambdaOfUnitRange(const Architecture& architecture, double quality) {
  return 255.0 * 255.0 * architecture.LambdaAt(quality);
}

/// What came back of a batch.
struct DecodedBatch {
  const float* samples = nullptr;  ///< [N, H, W, C] as the decoder network gives it, see DecodedPicture
  /// [N, h, w] of y, see ErrorWeights; null: squared errors count alike everywhere.
  const float* error_weights = nullptr;
  Shape y;
};

/// Bits of one crop.
struct CropBits {
  double y = 0, z = 0;
};

class RateDistortionLoss {
 public:
  struct Value {
    StepResult result;
    std::vector<float> d_bits;       ///< [N]: derivative of the loss by the bits of each crop
    AlignedBuffer<float> d_decoded;  ///< [N, H, W, C]: derivative by each decoded sample; empty if not asked for
  };

  /// images: [N, H, W, C] of a batch. `architecture` must outlive the loss.
  RateDistortionLoss(const Architecture& architecture, const Shape& images, const DistortionFactory& distortion);

  /// bits: [N].
  Value Evaluate(const TrainingBatch& batch, const std::vector<CropBits>& bits, const DecodedBatch& decoded,
                 bool with_gradient);

 private:
  const Architecture& architecture_;
  Shape images_;
  std::vector<std::unique_ptr<Distortion>> distortions_;  // [N]
};

}  // namespace aecomp
