// Adam (Kingma and Ba 2015, arXiv:1412.6980) with a learning rate per parameter, gradient clipping, and an exponential
// moving average of the parameters.
#pragma once

#include <cstdint>
#include <vector>

#include "model/parameters.h"
#include "train/recipe.h"

namespace aecomp {

class Adam {
 public:
  /// State for every parameter, at zero; the average starts at the present values.
  Adam(Parameters& parameters, const Recipe& recipe);

  /// One step with the gradients that lie in the parameters, which are then cleared. Gradients are scaled down to a
  /// norm of at most `clip` (over all parameters). Returns the norm before that; when it is not finite nothing is
  /// changed.
  double Step(double learning_rate, double clip);

  struct State {
    std::vector<float> m, v, average;  ///< as long as the parameter
    float rate_scale = 1;
  };
  std::vector<State>& states() { return states_; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }
  /// Steps that the average has seen; it is young after a fresh start.
  int64_t average_age() const { return average_age_; }
  void set_average_age(int64_t age) { average_age_ = age; }

  /// Copies the average into `target`, which has the same parameters.
  void CopyAverage(Parameters& target) const;

 private:
  Parameters& parameters_;
  std::vector<State> states_;  // in the order of parameters.list()
  int64_t steps_ = 0, average_age_ = 0;
};

}  // namespace aecomp
