// Multi-scale structural similarity of two planes with its gradient, for training.
#pragma once

#include <vector>

namespace aecomp {

/// Computes 1 - MS-SSIM (Wang, Simoncelli and Bovik, Asilomar 2003; the variant of io/metrics.h) of planes whose
/// samples are in [0, 1]. One object serves one thread.
class MsSsimLoss {
 public:
  /// height, width: of the planes, in pixels, at least 11 each.
  MsSsimLoss(int height, int width);
  MsSsimLoss(MsSsimLoss&&) noexcept;
  ~MsSsimLoss();

  /// original, decoded: [height, width]. Returns 1 - MS-SSIM and sets gradient [height, width] to its derivative by
  /// `decoded`. A scale whose mean is not positive counts as nearly 0 and has no gradient.
  double operator()(const float* original, const float* decoded, float* gradient);

 private:
  struct Scale;
  std::vector<float> window_;
  std::vector<Scale> scales_;  // from the finest to the coarsest
};

}  // namespace aecomp
