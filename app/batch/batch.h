// Runs one piece of work over a planned batch, several files at a time: one bad file does not stop the others.
#pragma once

#include <functional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "app/batch/plan.h"
#include "app/models/model_source.h"
#include "app/options.h"
#include "app/report.h"

namespace aecomp {

/// How the threads of a run are shared out. While one worker reads, another computes and a third writes; each computes
/// with few threads, since small images gain little from many. A large image gets all threads and has the machine to
/// itself, so that memory stays bounded.
class ThreadShares {
 public:
  ThreadShares(int threads, size_t files);

  int workers() const { return workers_; }

  /// All threads of the run, and how many of them a network over an image of this size gets.
  int threads() const { return threads_; }
  int ThreadsFor(int64_t pixels) const;

  /// Held while a network runs over an image of this size. Waits for its turn.
  class Turn {
   public:
    Turn(ThreadShares& shares, int64_t pixels);

   private:
    std::shared_lock<std::shared_mutex> small_;
    std::unique_lock<std::shared_mutex> large_;
  };

 private:
  int threads_, workers_;
  std::shared_mutex machine_;
};

/// The models and threads of a worker.
struct Worker {
  ModelSource models;
  ThreadShares& shares;
};

/// Fills in everything of the report but names, status and seconds. The returned status is the file's.
using FileWork = std::function<Status(const PlannedFile& file, Worker& worker, FileReport& report)>;

/// The status of a single input, or kSomeFailed when any of several failed. Failures have been reported already: the
/// message of the returned status is empty unless nothing was done.
Status RunBatch(const BatchOptions& options, const BatchKind& kind, const FileWork& work);

}  // namespace aecomp
