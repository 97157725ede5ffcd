// Shares of the terms of the distortion for eyes, see train/loss/visual_distortion.h.
#pragma once

namespace aecomp {

/// The defaults are those of `aecomp train --tune visual`. An architecture file sets others in its "training" object,
/// as "distortion": {"squared_error": .., "ms_ssim": .., "smooth_edges": ..}. Each term is in the scale of a mean
/// squared error of samples in [0, 1]. With the defaults the gradients of the three terms are about as long as each
/// other at every quality of the released model, and their sum is about the mean squared error, so that a quality keeps
/// its bits.
struct DistortionWeights {
  double squared_error = 0.7;  ///< mean over all samples of all channels
  double ms_ssim = 0.5;        ///< kMsSsimScale * (1 - MS-SSIM of luma)
  double smooth_edges = 0.5;   ///< E of luma and of both colour differences, see SmoothEdges

  bool operator==(const DistortionWeights&) const = default;
};

}  // namespace aecomp
