#include "train/loss/visual_distortion.h"

#include <algorithm>
#include <utility>

#include "io/ms_ssim.h"
#include "model/base/multiversion.h"

namespace aecomp {
namespace {

/// Luma and the colour differences of ITU-R BT.601, each a sum of the channels.
constexpr float kPlanes[3][3] = {
    {0.299f, 0.587f, 0.114f}, {-0.168736f, -0.331264f, 0.5f}, {0.5f, -0.418688f, -0.081312f}};
/// A colour difference counts half of what luma does: eyes see it less sharply.
const std::vector<float> kPlaneWeights = {1, 0.5f, 0.5f};

/// Luma of the original, and the planes of the error: [3, pixels].
AECOMP_MULTIVERSION
void ToPlanes(const float* original, const float* decoded, size_t pixels, float* luma, float* error) {
  for (size_t i = 0; i < pixels; ++i) {
    const float r = original[3 * i], g = original[3 * i + 1], b = original[3 * i + 2];
    const float dr = decoded[3 * i] + 0.5f - r, dg = decoded[3 * i + 1] + 0.5f - g, db = decoded[3 * i + 2] + 0.5f - b;
    luma[i] = kPlanes[0][0] * r + kPlanes[0][1] * g + kPlanes[0][2] * b;
    error[i] = kPlanes[0][0] * dr + kPlanes[0][1] * dg + kPlanes[0][2] * db;
    error[pixels + i] = kPlanes[1][0] * dr + kPlanes[1][1] * dg + kPlanes[1][2] * db;
    error[2 * pixels + i] = kPlanes[2][0] * dr + kPlanes[2][1] * dg + kPlanes[2][2] * db;
  }
}

AECOMP_MULTIVERSION
void SpreadToRgb(const float* plane, size_t pixels, const float* weights, float factor, float* rgb) {
  const float r = factor * weights[0], g = factor * weights[1], b = factor * weights[2];
  for (size_t i = 0; i < pixels; ++i) {
    rgb[3 * i] += r * plane[i], rgb[3 * i + 1] += g * plane[i], rgb[3 * i + 2] += b * plane[i];
  }
}

}  // namespace

VisualDistortion::VisualDistortion(const Shape& picture, const DistortionWeights& weights)
    : shape_(picture),
      channels_(static_cast<size_t>(picture.c)),
      pixels_(static_cast<size_t>(picture.h) * static_cast<size_t>(picture.w)),
      weights_(weights) {
  const int side = std::min(picture.h, picture.w);
  const auto give_up = [&](double& share) { weights_.squared_error += std::exchange(share, 0); };
  if (side < kMsSsimWindow) give_up(weights_.ms_ssim);
  if (side < SmoothEdges::kLeastSide) give_up(weights_.smooth_edges);
  if (weights_.ms_ssim > 0) ms_ssim_.emplace(picture.h, picture.w);
  if (weights_.smooth_edges > 0) smooth_edges_.emplace(picture.h, picture.w);
  if (!ms_ssim_ && !smooth_edges_) return;
  for (auto* plane : {&original_, &decoded_}) plane->resize(pixels_);
  for (auto* planes : {&error_, &gradient_}) planes->resize(channels_ * pixels_);
}

DistortionFactory VisualDistortion::Factory(const DistortionWeights& weights) {
  return [weights](const Shape& picture) { return std::make_unique<VisualDistortion>(picture, weights); };
}

Distortion::Value VisualDistortion::Measure(const DecodedPicture& picture, double weight, float* gradient) {
  const double samples = static_cast<double>(shape_.size());
  const double slope = 2 * weight * weights_.squared_error / samples;
  const SquaredSums sums = SumSquares(picture, shape_, static_cast<float>(slope), gradient);
  Value value{weights_.squared_error * sums.weighted / samples, sums.plain / samples};
  if (!ms_ssim_ && !smooth_edges_) return value;
  TakePlanes(picture);
  if (ms_ssim_) {
    const double scale = weights_.ms_ssim * kMsSsimScale;
    value.distortion += scale * (*ms_ssim_)(original_.data(), decoded_.data(), gradient_.data());
    if (gradient != nullptr) SpreadPlane(0, weight * scale, gradient);
  }
  if (smooth_edges_) {
    const std::vector<float> planes(kPlaneWeights.begin(),
                                    kPlaneWeights.begin() + static_cast<std::ptrdiff_t>(channels_));
    value.distortion +=
        weights_.smooth_edges * (*smooth_edges_)(original_.data(), error_.data(), planes, gradient_.data());
    for (size_t p = 0; p < channels_ && gradient != nullptr; ++p)
      SpreadPlane(p, weight * weights_.smooth_edges, gradient);
  }
  return value;
}

void VisualDistortion::TakePlanes(const DecodedPicture& picture) {
  if (channels_ == 3) {
    ToPlanes(picture.original, picture.decoded, pixels_, original_.data(), error_.data());
  } else {
    std::copy_n(picture.original, pixels_, original_.data());
    for (size_t i = 0; i < pixels_; ++i) error_[i] = picture.decoded[i] + 0.5f - picture.original[i];
  }
  for (size_t i = 0; i < pixels_; ++i) decoded_[i] = original_[i] + error_[i];
}

/// From the gradient of a plane to that of the samples: the transpose of TakePlanes, times a factor.
void VisualDistortion::SpreadPlane(size_t plane, double factor, float* gradient) const {
  const float *from = gradient_.data() + plane * pixels_, f = static_cast<float>(factor);
  if (channels_ == 3) return SpreadToRgb(from, pixels_, kPlanes[plane], f, gradient);
  for (size_t i = 0; i < pixels_; ++i) gradient[i] += f * from[i];
}

}  // namespace aecomp
