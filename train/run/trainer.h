// `aecomp train` without its command line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/status.h"
#include "train/train_options.h"

namespace aecomp {

struct TrainProgress {
  int64_t step = 0, total_steps = 0;
  double loss = 0, bpp = 0, psnr = 0;  ///< means since the last report
  double images_per_second = 0, seconds_left = 0, learning_rate = 0, gradient_norm = 0;
};

struct TrainCallbacks {
  std::function<void(const TrainProgress&)> progress;  ///< now and then
  std::function<void(const std::string&)> message;     ///< notes for stderr: skipped files, validation, the result
  std::function<bool()> interrupted;                   ///< polled each step; true: save and stop with kInterrupted
};

/// A run whose loss or gradient is not finite, or whose loss rises by half, goes back to its checkpoint with half the
/// learning rate; kDiverged when that has been done five times. Under mpirun, where no run goes back, all processes
/// train together, and the first says how it ended: the others return success when they end with it.
Status Train(const TrainOptions& options, const TrainCallbacks& callbacks);

}  // namespace aecomp
