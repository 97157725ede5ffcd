// Training by several processes, on one machine or many. Each process, a rank, computes the gradients of its share of a
// batch, and all ranks take the same step with the mean. Every rank makes the same calls in the same order.
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

  /// Gives every rank the parameters of rank 0. `parameters` must outlive this object and have gradients; none may be
  /// added later.
  virtual void Start(Parameters& parameters) = 0;

  /// Says that the gradient of this parameter is complete: it may go to the other ranks while backward goes on.
  virtual void Ready(Parameter& parameter) = 0;

  /// After backward: waits until every gradient is the mean over ranks, and replaces `values` (few) by their means.
  /// kModel when a parameter was ready twice, because its gradient was sent too early then.
  virtual Status Finish(std::span<double> values) = 0;

  /// Replaces each value by the largest of all ranks.
  virtual void Max(std::span<double> values) = 0;

  /// Replaces the values by those of rank 0.
  virtual void Broadcast(std::span<double> values) = 0;

  /// Waits for all ranks and ends the connection. mpirun ends all processes when one exits without it.
  virtual void Leave() = 0;
};

/// The ranks that this process was started with. Without others the object has one rank and its methods do nothing.
/// kUsage when a launcher started the process that this build cannot join. Call it at most once a process.
Result<std::unique_ptr<AllReduce>> JoinRanks();

}  // namespace aecomp
