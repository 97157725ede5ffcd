// The mean of the steps since the last report of a run.
#pragma once

#include <cstdint>

#include "train/loss/training_batch.h"

namespace aecomp {

inline constexpr int kReportSteps = 200;

/// Whether a report is due after this step: every 200 steps, and at first more often.
inline bool IsReportDue(int64_t step) { return step == 20 || step == 50 || step == 100 || step % kReportSteps == 0; }

struct ReportWindow {
  StepResult sum;
  double norm = 0, seconds = 0;
  int steps = 0;

  void Add(const StepResult& result, double gradient_norm, double step_seconds) {
    sum.loss += result.loss, sum.bpp += result.bpp, sum.z_bpp += result.z_bpp, sum.mse += result.mse;
    norm += gradient_norm, seconds += step_seconds, ++steps;
  }
  StepResult Mean() const {
    const double n = steps;
    return {sum.loss / n, sum.bpp / n, sum.z_bpp / n, sum.mse / n};
  }
  /// As many steps as lie between two regular reports.
  bool full() const { return steps == kReportSteps; }
};

}  // namespace aecomp
