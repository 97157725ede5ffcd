// `aecomp train` without its command line.
#pragma once

#include "io/status.h"
#include "train/run/callbacks.h"
#include "train/train_options.h"

namespace aecomp {

/// A run whose loss or gradient is not finite, or whose loss rises by half, goes back to its checkpoint with half the
/// learning rate; kDiverged when that has been done five times. Under mpirun, where no run goes back, all processes
/// train together, and the first says how it ended: the others return success when they end with it.
Status Train(const TrainOptions& options, const TrainCallbacks& callbacks);

}  // namespace aecomp
