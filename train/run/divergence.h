// When a run diverges, and what its user is told.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "io/status.h"
#include "model/base/parameters.h"
#include "train/loss/training_model.h"

namespace aecomp {

/// kDiverged, with the step and how it shows.
Status Diverged(int64_t step, const std::string& how);

/// kDiverged: names the first parameter, activation or gradient that is not finite, after a forward pass of `model`,
/// and a backward pass if the loss was finite.
Status NotFinite(int64_t step, const Parameters& parameters, const TrainingModel& model);

/// Watches the losses that a run reports: a run may diverge though all its numbers are finite.
class LossWatch {
 public:
  /// loss: a mean over as many steps as a regular report has. kDiverged when it is half as large again as the lowest.
  Status Look(int64_t step, double loss);

  /// The losses that follow are of another kind.
  void Forget() { lowest_ = std::numeric_limits<double>::infinity(); }

 private:
  double lowest_ = std::numeric_limits<double>::infinity();
};

}  // namespace aecomp
