// `aecomp train` without its command line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

struct TrainOptions {
  std::vector<std::string> folders;   ///< training images, searched recursively
  std::string validation_folder;      ///< empty: a few training images are held out by hash of their names
  std::string output = "model.aecm";  ///< the usable model, rewritten at every checkpoint
  std::string init;          ///< model to start from; "none": the untrained transform codec; empty: embedded model
  std::string architecture;  ///< architecture JSON file; empty: that of the model, or the built-in one
  bool resume = false;       ///< continue from <output>.checkpoint
  int64_t steps = 0;         ///< total steps; 0: see hours
  double hours = 0;          ///< total wall time of training, all runs together; 0: see steps
  int batch = 6;
  int patch = 192;              ///< crop size in pixels, a multiple of 64
  double learning_rate = 5e-4;  ///< peak of the schedule
  uint64_t seed = 1;
  int threads = 0;  ///< 0: all
  int checkpoint_minutes = 5;
  int validate_steps = 2000;  ///< real bytes and PSNR on held-out images every so many steps
  std::string log;            ///< JSON Lines; empty: <output>.log.jsonl
};

struct TrainProgress {
  int64_t step = 0, total_steps = 0;
  double loss = 0, bpp = 0, psnr = 0;  ///< means since the last report
  double images_per_second = 0, seconds_left = 0, learning_rate = 0, gradient_norm = 0;
};

struct TrainCallbacks {
  std::function<void(const TrainProgress&)> progress;  ///< now and then
  std::function<void(const std::string&)> message;     ///< notes for stderr: skipped files, validation, checkpoints
  std::function<bool()> interrupted;                   ///< polled each step; true: save and stop with kInterrupted
};

Status Train(const TrainOptions& options, const TrainCallbacks& callbacks);

}  // namespace aecomp
