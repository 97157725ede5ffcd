// What the processes agree on that train together. All of them take the same way through a run; the first one alone
// writes, talks and validates. Every process calls the same methods in the same order.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/entropy/coding_tables.h"
#include "train/loss/training_batch.h"
#include "train/optimiser/all_reduce.h"

namespace aecomp {

class Ranks {
 public:
  explicit Ranks(AllReduce& group) : group_(group) {}

  int rank() const { return group_.rank(); }
  int count() const { return group_.ranks(); }
  bool several() const { return count() > 1; }
  bool leads() const { return rank() == 0; }

  /// Whether any process says yes.
  bool Any(bool mine);
  /// The least number of all processes.
  double Least(double mine);
  /// What the first process has.
  double FromFirst(double mine);
  void FromFirst(std::vector<FrequencyRow>& rows);

  /// kUsage when the processes have different texts.
  Status ExpectEqual(const std::string& text);

  /// Sends each gradient of `parameters` on its way when it is ready; see AllReduce.
  void Start(Parameters& parameters) { group_.Start(parameters); }
  void Ready(Parameter& parameter) { group_.Ready(parameter); }
  /// The gradients and the result of this process's share become those of the whole batch.
  Status Join(StepResult& result);

 private:
  AllReduce& group_;
};

}  // namespace aecomp
