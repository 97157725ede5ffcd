// How far a decoded picture is from its original, with the gradient. To train for another measure, derive a class from
// Distortion and give a function that makes it to TrainingModel::Create.
#pragma once

#include <functional>
#include <memory>

#include "model/base/tensor.h"

namespace aecomp {

/// A picture and what came back of it; both [H, W, C].
struct DecodedPicture {
  const float* original = nullptr;  ///< in [0, 1]
  /// As the decoder network gives it: the samples minus 1/2, not clipped.
  const float* decoded = nullptr;
  /// What squared errors count, for blocks that cut the picture evenly: [rows, columns]. Null: 1.
  const float* error_weights = nullptr;
  int rows = 1, columns = 1;
};

/// Sums over the samples of a picture, in the scale of samples in [0, 1].
struct SquaredSums {
  double plain = 0, weighted = 0;  ///< of squared errors, without and with DecodedPicture::error_weights
};

/// shape: of the picture. gradient: [H, W, C] or null; it is set to `slope` times each weighted error.
SquaredSums SumSquares(const DecodedPicture& picture, const Shape& shape, float slope, float* gradient);

class Distortion {
 public:
  struct Value {
    double distortion = 0;  ///< what the loss counts, in the scale of the mean squared error of samples in [0, 1]
    double mse = 0;         ///< mean squared error of samples in [0, 1], for reports
  };

  virtual ~Distortion() = default;

  /// gradient: [H, W, C] or null. It is set to `weight` times the derivative of the distortion by each decoded sample.
  virtual Value Measure(const DecodedPicture& picture, double weight, float* gradient) = 0;
};

/// Makes a Distortion for pictures of one shape (n = 1). Every crop of a batch has its own, so an object serves one
/// thread at a time and may keep buffers.
using DistortionFactory = std::function<std::unique_ptr<Distortion>(const Shape& picture)>;

/// The mean squared error, weighted where the picture has weights: training for PSNR.
class SquaredError final : public Distortion {
 public:
  explicit SquaredError(const Shape& picture) : shape_(picture) {}

  static std::unique_ptr<Distortion> Make(const Shape& picture) { return std::make_unique<SquaredError>(picture); }

  Value Measure(const DecodedPicture& picture, double weight, float* gradient) override;

 private:
  Shape shape_;
};

}  // namespace aecomp
