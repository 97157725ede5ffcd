// What a run says: messages for the user, lines of the log. The first of several processes alone talks and writes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "io/status.h"
#include "train/run/callbacks.h"
#include "train/run/checkpoint.h"
#include "train/run/ranks.h"
#include "train/run/report_window.h"
#include "train/run/run_setup.h"
#include "train/run/train_log.h"
#include "train/run/validate.h"

namespace aecomp {

class RunReports {
 public:
  RunReports(const TrainCallbacks& callbacks, const Ranks& ranks) : callbacks_(callbacks), ranks_(ranks) {}

  void Say(const std::string& text) const {
    if (callbacks_.message) callbacks_.message(text);
  }

  /// Opens the log beside the output, or where the options say, with a line about the run. resume: lines up to the
  /// state's step are kept.
  Status OpenLog(const RunSetup& setup, const TrainState& state, bool resume);

  /// A line of the log, and the caller's progress.
  void Progress(const TrainProgress& progress, double hours, double z_bpp);

  /// `rows` are in the history already; best: whether they are the best.
  void Validation(const TrainState& state, const ValidationHistory& history, const std::vector<ValidationRow>& rows,
                  bool best);

  /// The last words of a run.
  void Summary(const RunSetup& setup, const TrainState& state, const ValidationHistory& history, bool is_stale) const;

  /// The curves of the log, beside the output.
  Status WritePlot(const RunSetup& setup) const;

 private:
  void Log(const nlohmann::json& line);

  const TrainCallbacks& callbacks_;
  const Ranks& ranks_;
  TrainLog log_;
};

/// What a run reports after `window`. rate: learning rate; done: progress of the run, 0 to 1.
TrainProgress ProgressOf(const RunSetup& setup, const TrainState& state, const ReportWindow& window, double rate,
                         double done, int processes);

}  // namespace aecomp
