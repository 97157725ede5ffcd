#include "train/loss/distortion.h"

namespace aecomp {

Distortion::Value SquaredError::Measure(const DecodedPicture& picture, double weight, float* gradient) {
  double sum = 0;
  for (int64_t i = 0; i < samples_; ++i) {
    const double error = double{picture.decoded[i]} + 0.5 - double{picture.original[i]};
    sum += error * error;
  }
  const double mse = sum / static_cast<double>(samples_);
  if (gradient == nullptr) return {mse, mse};
  const float slope = 2 * static_cast<float>(weight / static_cast<double>(samples_));
  for (int64_t i = 0; i < samples_; ++i) {
    gradient[i] = slope * (picture.decoded[i] + 0.5f - picture.original[i]);
  }
  return {mse, mse};
}

}  // namespace aecomp
