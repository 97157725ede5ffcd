// How far a training run is, and the learning rate there.
#pragma once

#include <cstdint>

namespace aecomp {

struct Schedule {
  double peak = 0;           ///< learning rate
  double last = 0;           ///< learning rate at the end
  int64_t steps = 0;         ///< of the run; 0: see hours
  double hours = 0;          ///< of the run; 0: see steps
  int64_t warm_up_from = 0;  ///< step at which the optimiser knew nothing of the gradients

  /// 0 to 1: by steps or by hours, whichever is further.
  double Progress(int64_t step, double hours_done) const;
  /// Whether a part of the run is over after which something begins; never with a part of 1.
  bool Reached(double part, int64_t step, double hours_done) const {
    return part < 1 && Progress(step, hours_done) >= part;
  }
  /// Linear warm-up over 300 steps or a twentieth of the run, then a half cosine from the peak to the last rate
  /// over the whole run.
  double Rate(int64_t step, double hours_done) const;
};

}  // namespace aecomp
