// What a training run tells its caller while it goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/image.h"

namespace aecomp {

struct TrainProgress {
  int64_t step = 0, total_steps = 0;
  double loss = 0, bpp = 0, psnr = 0;  ///< means since the last report
  double images_per_second = 0, seconds_left = 0, learning_rate = 0, gradient_norm = 0;
};

/// What a finished run leaves for a report, beside the model and the log.
struct TrainedRun {
  std::vector<uint8_t> start_file;          ///< of the model that it began with; empty: none, or a resumed run
  std::vector<std::string> held_out_names;  ///< paths
  std::vector<Image> held_out;              ///< as validation had them, of 8 or 16 bits
  std::string log;                          ///< path of the JSON Lines
  int64_t steps = 0, best_step = 0;         ///< done; of the model that was kept
};

struct TrainCallbacks {
  std::function<void(const TrainProgress&)> progress;  ///< now and then
  std::function<void(const std::string&)> message;     ///< notes for stderr: skipped files, validation, the result
  std::function<bool()> interrupted;                   ///< polled each step; true: save and stop with kInterrupted
  std::function<void(TrainedRun)> ended;               ///< when the run is done; not after an interruption
};

}  // namespace aecomp
