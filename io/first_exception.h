// Exceptions in OpenMP's regions. One that leaves a region ends the process, so each is caught inside of it, and the
// first goes on to the caller after the region's end.
#pragma once

#include <atomic>
#include <exception>

namespace aecomp {

class FirstException {
 public:
  /// Calls f() unless a call has thrown before, in whichever thread. All threads of a region may call this.
  template <class F>
  void Guard(const F& f) noexcept {
    if (caught_.load(std::memory_order_relaxed)) return;
    try {
      f();
    } catch (...) {
      if (!caught_.exchange(true)) exception_ = std::current_exception();
    }
  }

  /// After the region: throws what was caught.
  void Rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::atomic<bool> caught_ = false;
  std::exception_ptr exception_;
};

}  // namespace aecomp
