#include "train/loss/distortion.h"

#include <cstddef>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

/// Returns the sum of the squared errors of a run of samples.
AECOMP_MULTIVERSION
double AddRun(const float* original, const float* decoded, size_t count, float slope, float* gradient) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < count; ++i) {
    const double error = static_cast<double>(decoded[i]) + 0.5 - static_cast<double>(original[i]);
    sum += error * error;
  }
  if (gradient == nullptr) return sum;
  for (size_t i = 0; i < count; ++i) gradient[i] = slope * (decoded[i] + 0.5f - original[i]);
  return sum;
}

}  // namespace

SquaredSums SumSquares(const DecodedPicture& picture, const Shape& shape, float slope, float* gradient) {
  SquaredSums sums;
  const int rows = picture.error_weights == nullptr ? 1 : picture.rows;
  const int columns = picture.error_weights == nullptr ? 1 : picture.columns;
  const size_t run = static_cast<size_t>(shape.w / columns) * static_cast<size_t>(shape.c);
  size_t at = 0;
  for (int y = 0; y < shape.h; ++y) {
    const size_t row = static_cast<size_t>(y / (shape.h / rows)) * static_cast<size_t>(columns);
    for (size_t x = 0; x < static_cast<size_t>(columns); ++x, at += run) {
      const float weight = picture.error_weights == nullptr ? 1 : picture.error_weights[row + x];
      const double sum = AddRun(picture.original + at, picture.decoded + at, run, slope * weight,
                                gradient == nullptr ? nullptr : gradient + at);
      sums.plain += sum, sums.weighted += static_cast<double>(weight) * sum;
    }
  }
  return sums;
}

Distortion::Value SquaredError::Measure(const DecodedPicture& picture, double weight, float* gradient) {
  const double samples = static_cast<double>(shape_.size());
  const SquaredSums sums = SumSquares(picture, shape_, static_cast<float>(2 * weight / samples), gradient);
  return {sums.weighted / samples, sums.plain / samples};
}

}  // namespace aecomp
