// One run of training: TakeStep goes from a batch to the update of the parameters; Run says what comes between steps.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "train/data/dataset.h"
#include "train/loss/training_model.h"
#include "train/optimiser/adam.h"
#include "train/optimiser/schedule.h"
#include "train/run/callbacks.h"
#include "train/run/checkpoint.h"
#include "train/run/divergence.h"
#include "train/run/ranks.h"
#include "train/run/rate_phase.h"
#include "train/run/report_window.h"
#include "train/run/run_reports.h"
#include "train/run/run_setup.h"
#include "train/run/validate.h"

namespace aecomp {

class TrainingRun {
 public:
  using Clock = std::chrono::steady_clock;

  /// Makes the model and its parameters: new ones, those of a trained model, or those of the checkpoint. `ranks` and
  /// `callbacks` must outlive the run.
  static Result<std::unique_ptr<TrainingRun>> Create(PreparedRun prepared, Ranks& ranks,
                                                     const TrainCallbacks& callbacks);

  /// Until the run ends, is interrupted (kInterrupted) or diverges for good (kDiverged). At most once.
  Status Run();

 private:
  TrainingRun(PreparedRun prepared, Ranks& ranks, const TrainCallbacks& callbacks);

  Status FillParameters(const Model* start);
  Status ReadState();
  void NoticeOtherImages();
  Status MakeModel();
  void MakeOptimiser();
  void MakeLoader();
  std::string CurrentSettings() const;

  Status Begin();
  Status TakeStep();
  Status EnterPhases();
  Status CountAsFiles();
  TrainingBatch InputOf(const Batch& crops) const;
  Status AfterStep();
  Status End();
  TrainedRun Outcome();

  Status Report();
  Status RunValidation();
  Status ValidateAnew();
  Status RunValidation(const std::vector<uint8_t>& model);
  Result<std::vector<ValidationRow>> Measure(const std::vector<uint8_t>& model);
  Result<std::vector<uint8_t>> Export() const;

  Status Save();
  Status WriteFiles();
  Status CheckHealth();
  Status GoBack(const Status& diverged);
  std::string Remedy() const;

  double Progress() const { return schedule_.Progress(state_.step, state_.hours); }
  double LearningRate() const { return schedule_.Rate(state_.step, state_.hours); }
  bool RoundsWeights() const { return schedule_.Reached(setup_.options.fake_quantise, state_.step, state_.hours); }
  RateKind WantedRate() const { return NextRate(setup_.options, state_, history_, Progress()); }
  int WholeBatch() const { return setup_.options.batch * ranks_.count(); }
  bool IsStale() const { return setup_.options.patience > 0 && history_.stale() >= setup_.options.patience; }

  RunSetup setup_;
  Ranks& ranks_;
  const TrainCallbacks& callbacks_;
  RunReports reports_;
  std::vector<uint8_t> start_file_;  // of the model that the run begins with; empty: none

  TrainState state_;
  ValidationHistory history_;
  std::string image_record_;     // of the images, for checkpoints
  bool validates_anew_ = false;  // resumed with other held-out images
  Schedule schedule_;            // with the learning rate in use, which GoBack halves
  Parameters parameters_;
  std::unique_ptr<TrainingModel> model_;
  bool rounds_weights_ = false;  // model_ trains with fake quantisation
  RatePhase rate_;
  std::unique_ptr<Adam> adam_;
  std::unique_ptr<BatchLoader> loader_;

  ReportWindow window_;
  LossWatch losses_;
  int halvings_ = 0;         // of the learning rate, in this process
  int64_t saved_step_ = -1;  // of the checkpoint on the disk; -1: none
  Clock::time_point saved_ = Clock::now(), counted_ = Clock::now();
};

}  // namespace aecomp
