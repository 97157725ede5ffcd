// What a training run tells its caller while it goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

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

}  // namespace aecomp
