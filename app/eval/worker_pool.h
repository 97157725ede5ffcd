// Independent jobs on several threads, each with one OpenMP thread of its own.
#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "io/first_exception.h"

namespace aecomp {

/// Calls job(i) for each i below count. stop() is asked before each job; true: no further one begins. The first
/// exception of a job is thrown again when all threads have ended.
inline void RunJobs(size_t count, int threads, const std::function<void(size_t)>& job,
                    const std::function<bool()>& stop = {}) {
  std::atomic<size_t> next = 0;
  FirstException exception;
  const auto work = [&] {
    omp_set_num_threads(1);
    for (size_t i = next++; i < count && !(stop && stop()); i = next++) {
      exception.Guard([&] { job(i); });
    }
  };
  std::vector<std::thread> workers;
  const size_t wanted = std::min(count, static_cast<size_t>(std::max(1, threads)));
  for (size_t t = 0; t < wanted; ++t) exception.Guard([&] { workers.emplace_back(work); });
  for (std::thread& worker : workers) worker.join();
  exception.Rethrow();
}

}  // namespace aecomp
