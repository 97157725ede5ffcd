// What one step of training says.
#pragma once

namespace aecomp {

struct StepResult {
  double loss = 0;  ///< mean over images of (bpp + lambda*mse) / weight(lambda), mse over RGB samples in [0, 255]
  double bpp = 0;   ///< mean over images, of which
  double z_bpp = 0;
  double mse = 0;  ///< mean over images, samples in [0, 1]
};

}  // namespace aecomp
