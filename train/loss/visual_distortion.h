// A distortion for eyes: squared error, structure (MS-SSIM), and edges that the codec draws on smooth ground.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "train/distortion_weights.h"
#include "train/loss/distortion.h"
#include "train/loss/ms_ssim_loss.h"
#include "train/loss/smooth_edges.h"

namespace aecomp {

/// Turns 1 - MS-SSIM into the squared error that costs as much: CompressAI's pairs of multipliers, (0.0018, 2.40) to
/// (0.18, 220), under which models of equal quality train, have 1,180 to 1,330 as their quotient
/// (https://interdigitalinc.github.io/CompressAI/zoo.html); 1280 / 255^2.
inline constexpr double kMsSsimScale = 1280.0 / (255 * 255);

/// Squared error beside MS-SSIM as in arXiv:2207.14524, with SmoothEdges as a third term. Weights of a picture's errors
/// count in the squared error alone: the other two already say what an error is worth where it stands.
class VisualDistortion final : public Distortion {
 public:
  /// picture: of 1 (gray) or 3 (RGB) channels. The share of a term that does not fit the picture counts as squared
  /// error: MS-SSIM needs sides of 11 pixels, SmoothEdges needs 8.
  VisualDistortion(const Shape& picture, const DistortionWeights& weights);

  static DistortionFactory Factory(const DistortionWeights& weights);

  Value Measure(const DecodedPicture& picture, double weight, float* gradient) override;

 private:
  void TakePlanes(const DecodedPicture& picture);
  void SpreadPlane(size_t plane, double factor, float* gradient) const;

  Shape shape_;
  size_t channels_, pixels_;
  DistortionWeights weights_;
  std::optional<MsSsimLoss> ms_ssim_;
  std::optional<SmoothEdges> smooth_edges_;
  std::vector<float> original_, decoded_;  // [H, W]: luma, in [0, 1] but for overshoot
  std::vector<float> error_, gradient_;    // [planes, H, W]: luma and colour differences
};

}  // namespace aecomp
