// Work beside other threads that must not disturb them.
#pragma once

#include <omp.h>

namespace aecomp {

/// While an object lives, parallel loops of this thread run on this thread alone. Graphs and primitives that are
/// compiled meanwhile are still made for loops of `threads` threads.
class AloneScope {
 public:
  explicit AloneScope(int threads) {
    omp_set_num_threads(threads);
    omp_set_max_active_levels(0);
  }
  ~AloneScope() {
    omp_set_max_active_levels(levels_);
    omp_set_num_threads(threads_);
  }
  AloneScope(const AloneScope&) = delete;
  AloneScope& operator=(const AloneScope&) = delete;

 private:
  const int levels_ = omp_get_max_active_levels();
  const int threads_ = omp_get_max_threads();
};

}  // namespace aecomp
