// Runs the parts of some work in parallel.
#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "io/status.h"

namespace aecomp {

/// f(0) .. f(count - 1) -> Status in parallel; the first failure wins. Exceptions reach the caller.
template <class F>
Status ParallelTasks(size_t count, F f) {
  std::vector<Status> results(count);
  std::vector<std::exception_ptr> thrown(count);
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < count; ++i) {
    try {
      results[i] = f(i);
    } catch (...) {
      thrown[i] = std::current_exception();
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (thrown[i]) std::rethrow_exception(thrown[i]);
    AECOMP_RETURN_IF_ERROR(std::move(results[i]));
  }
  return {};
}

}  // namespace aecomp
