// Training by several processes, on one machine or many: each computes the gradients of its share of a batch, and all
// of them take the same step with the mean. Every rank makes the same calls in the same order.
#pragma once

#include <memory>
#include <span>

#include "io/status.h"
#include "model/base/parameters.h"

namespace aecomp {

class AllReduce {
 public:
  virtual ~AllReduce() = default;
  virtual int rank() const = 0;
  virtual int ranks() const = 0;

  /// Gives every rank the values that rank 0 has. `parameters` must outlive this object and have gradients; no other
  /// may be added.
  virtual void Start(Parameters& parameters) = 0;

  /// The gradient of this parameter is complete: it may leave for the other ranks while backward goes on.
  virtual void Ready(Parameter& parameter) = 0;

  /// After backward: waits until every gradient is the mean over ranks, and makes `values` (few) means too.
  /// kModel when a parameter was ready twice, because its gradient left too early then.
  virtual Status Finish(std::span<double> values) = 0;

  /// The largest value over ranks, in each place.
  virtual void Max(std::span<double> values) = 0;

  /// The values that rank 0 has.
  virtual void Broadcast(std::span<double> values) = 0;

  /// Waits for all ranks and ends the connection; a process that exits without it makes mpirun end all others.
  virtual void Leave() = 0;
};

/// One rank, for whom nothing of this does anything, when this process was not started as one of several. kUsage when
/// it was, but by a launcher that this build cannot join. At most once a process under a launcher.
Result<std::unique_ptr<AllReduce>> JoinRanks();

}  // namespace aecomp
