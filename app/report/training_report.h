// The page that `aecomp train` writes at its end: the course of training, and what it gained on held-out pictures.
#pragma once

#include <string>
#include <vector>

#include "app/eval/evaluation.h"
#include "app/report/page.h"
#include "io/status.h"
#include "train/run/callbacks.h"

namespace aecomp {

/// Charts of the lines of a training log. Lines that are no JSON are passed over.
std::vector<TrainingChart> ChartsOf(const std::string& log);

struct TrainingReportPlan {
  std::string model;  ///< path of the finished one
  std::string page;   ///< path of the report
  int threads = 1;
};

/// Measures the finished model and the one that training started from on held-out pictures, beside AVIF and JPEG XL
/// where their programs are on the PATH. Without held-out pictures the page has the course alone.
Status WriteTrainingReport(const TrainedRun& run, const TrainingReportPlan& plan, const EvaluationTalk& talk);

}  // namespace aecomp
