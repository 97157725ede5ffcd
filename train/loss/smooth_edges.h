// A measure of edges that a codec draws where the picture has none: rings, grids, borders of blocks, blotches.
#pragma once

#include <cstddef>
#include <vector>

namespace aecomp {

/// Measures differences between neighbouring errors where the original is smooth, at four scales. With e_s the error
/// averaged over blocks of 2^s x 2^s pixels, N_s their number, and w in (0, 1] the smoothness of the original's luma,
///   E = 1/16 sum_{s=0..3} 4^s / N_s sum over pairs of neighbours (p, q) of min(w_p, w_q) (e_s(p) - e_s(q))^2,
/// so that an error like white noise in a smooth picture has E near its variance, and a step between two blocks of 8x8
/// pixels counts as much as 64 independent errors do. w = v0 / (v + v0) with v the variance of a block of 4x4 pixels:
/// beside an edge the ground is smooth again. One object serves one thread.
class SmoothEdges {
 public:
  static constexpr int kLeastSide = 8;  ///< of a picture, in pixels: a block of the coarsest scale

  /// height, width: in pixels, at least kLeastSide. Rows and columns beyond a multiple of 8 do not count.
  SmoothEdges(int height, int width);

  /// luma: of the original, [height, width], samples in [0, 1]; error: decoded minus original, [planes, height, width];
  /// plane_weights: [planes]. Returns the weighted sum of the planes' E and sets gradient, shaped as error, to its
  /// derivative by error.
  double operator()(const float* luma, const float* error, const std::vector<float>& plane_weights, float* gradient);

 private:
  struct Level {
    int height, width;
    std::vector<float> smooth, error, gradient;  // [height, width]
  };
  void MeasureSmoothness(const float* luma);

  size_t stride_, area_;       // of a plane with all its columns, in samples
  std::vector<Level> levels_;  // from pixels to blocks of 8x8
};

}  // namespace aecomp
