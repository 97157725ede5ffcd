// Adam (Kingma and Ba 2015, arXiv:1412.6980) with a learning rate per parameter, gradient clipping, and an exponential
// moving average of the parameters. Weights of layers are updated in the basis of SOAP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/base/parameters.h"
#include "train/optimiser/recipe.h"
#include "train/optimiser/soap.h"

namespace aecomp {

class Adam {
 public:
  /// State for every parameter, at zero; the average starts at the present values.
  Adam(Parameters& parameters, const Recipe& recipe);

  /// Replaces the factor on the learning rate that the recipe gives this parameter.
  void SetRateScale(const std::string& parameter, double scale);

  /// Makes one step with the gradients in the parameters, and clears them. The gradients are scaled down to a norm of
  /// at most `clip`, over all parameters. Returns the norm before scaling; changes nothing when it is not finite.
  double Step(double learning_rate, double clip);

  struct State {
    std::vector<float> m, v, average;  ///< as long as the parameter
    float rate_scale = 1;
    std::optional<SoapBasis> basis;  ///< once it has turned, m and v lie in it
  };
  std::vector<State>& states() { return states_; }
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }
  /// Steps that the bases have seen: 0 in the state of a program without bases.
  int64_t basis_steps() const { return basis_steps_; }
  void set_basis_steps(int64_t steps) { basis_steps_ = steps; }
  /// Steps that the average has seen.
  int64_t average_age() const { return average_age_; }
  void set_average_age(int64_t age) { average_age_ = age; }

  /// Copies the average into `target`, which has the same parameters.
  void CopyAverage(Parameters& target) const;

 private:
  struct Rates {
    float clip, rate, decay;  // factors of gradient, direction and average
  };
  float Root(float beta2) const;
  void StepElements(Parameter& p, State& s, const Rates& rates) const;
  void StepInBasis(Parameter& p, State& s, const Rates& rates, int64_t place) const;

  Parameters& parameters_;
  std::vector<State> states_;       // in the order of parameters.list()
  std::vector<size_t> with_basis_;  // indices of states, the costliest first
  int64_t steps_ = 0, basis_steps_ = 0, average_age_ = 0;
};

}  // namespace aecomp
