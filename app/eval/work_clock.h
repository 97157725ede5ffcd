// How far a long evaluation is, and how long the rest takes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>

#include "app/eval/eval_measure.h"
#include "app/progress.h"
#include "app/report.h"

namespace aecomp {

/// Done and total work in measurements, with the time that the rest takes at the same pace.
class WorkClock {
 public:
  explicit WorkClock(size_t total) : total_(total) {}
  void Done() { ++done_; }
  void Expect(size_t total) { total_ = std::max(total, done_.load()); }
  std::string Text() const {
    const size_t done = done_;
    const std::string count = Format("%zu of %zu measured", done, total_);
    if (done < 3 || watch_.Seconds() < 1) return count;
    const double left = watch_.Seconds() / static_cast<double>(done) * static_cast<double>(total_ - done);
    return count + ", " + HumanDuration(left) + " left";
  }

 private:
  Stopwatch watch_;
  std::atomic<size_t> done_ = 0;
  size_t total_;
};

}  // namespace aecomp
