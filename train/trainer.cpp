#include "train/trainer.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <dnnl.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "model/graph.h"
#include "train/adam.h"
#include "train/checkpoint.h"
#include "train/dataset.h"
#include "train/export.h"
#include "train/initialise.h"
#include "train/recipe.h"
#include "train/schedule.h"
#include "train/simd.h"
#include "train/starting_point.h"
#include "train/training_images.h"
#include "train/training_model.h"
#include "train/validate.h"

#ifndef AECOMP_COMMIT
#define AECOMP_COMMIT "unknown"
#endif

namespace aecomp {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double kClipNorm = 1.0;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string FileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

class Trainer {
 public:
  Trainer(const TrainOptions& options, const TrainCallbacks& callbacks) : options_(options), callbacks_(callbacks) {}

  Status Run();

 private:
  Status Check() const;
  Status Start();
  Status Loop();
  Status TakeStep(BatchLoader& loader);
  Status Diverged() const;
  void Count(const StepResult& result, double norm, double seconds);
  Status AfterStep();
  Status Checkpoint();
  Status RunValidation();
  void Report();
  double Progress() const { return schedule_.Progress(state_.step, state_.hours); }
  double LearningRate() const { return schedule_.Rate(state_.step, state_.hours); }
  std::string Provenance() const;
  void Say(const std::string& text) const {
    if (callbacks_.message) callbacks_.message(text);
  }
  std::string CheckpointPath() const { return options_.output + ".checkpoint"; }
  void Log(const json& line) { log_ << line.dump() << std::endl; }

  const TrainOptions& options_;
  const TrainCallbacks& callbacks_;
  Architecture architecture_;
  Recipe recipe_;
  Parameters parameters_;
  std::unique_ptr<Model> start_model_;
  std::unique_ptr<TrainingModel> model_;
  std::unique_ptr<Adam> adam_;
  TrainingImages images_;
  TrainState state_;
  Schedule schedule_;
  Clock::time_point saved_;  // when the last checkpoint was written
  std::ofstream log_;

  struct Window {  // since the last report
    double loss = 0, bpp = 0, z_bpp = 0, mse = 0, norm = 0, seconds = 0;
    int steps = 0;
  } window_;
};

Status Trainer::Check() const {
  if (options_.folders.empty()) return UsageError("give at least one folder of training images");
  if (options_.steps <= 0 && options_.hours <= 0) return UsageError("give --steps or --time");
  if (options_.batch < 1 || options_.batch > 1024) return UsageError("--batch must be 1 to 1024");
  if (!(options_.learning_rate > 0) || options_.learning_rate > 1)
    return UsageError("--lr must be above 0 and at most 1");
  return {};
}

Status Trainer::Start() {
  AECOMP_ASSIGN_OR_RETURN(model_, TrainingModel::Create(architecture_, parameters_, options_.batch, options_.patch,
                                                        static_cast<float>(recipe_.relu_leak)));
  state_.seed = options_.seed;
  state_.start = !start_model_ ? "none" : options_.init.empty() ? "released model" : FileName(options_.init);
  state_.history = "[]";
  if (!options_.resume) {
    AECOMP_RETURN_IF_ERROR(InitialiseParameters(architecture_, recipe_, images_.training, options_.seed, parameters_));
    if (start_model_) {
      AECOMP_RETURN_IF_ERROR(CopyParameters(*start_model_, parameters_));
      const json provenance = json::parse(start_model_->provenance, nullptr, /*allow_exceptions=*/false);
      if (provenance.is_object() && provenance.contains("runs")) state_.history = provenance.at("runs").dump();
      start_model_.reset();
    }
  }
  adam_ = std::make_unique<Adam>(parameters_, recipe_);
  if (options_.resume) {
    AECOMP_RETURN_IF_ERROR(ReadCheckpoint(CheckpointPath(), parameters_, *adam_, state_));
    Say("resumed at step " + std::to_string(state_.step));
  }
  // Adam's moments are part of a checkpoint; a start from a model re-estimates them while the rate warms up.
  schedule_ = {options_.learning_rate, options_.steps, options_.hours, state_.step - adam_->steps()};
  const std::string log = options_.log.empty() ? options_.output + ".log.jsonl" : options_.log;
  log_.open(log, options_.resume ? std::ios::app : std::ios::trunc);
  if (!log_) return WriteError(log + ": cannot be written; choose another place with --log");
  return {};
}

std::string Trainer::Provenance() const {
  json runs = json::parse(state_.history, nullptr, false);
  if (!runs.is_array()) runs = json::array();
  json folders = json::array();
  for (const std::string& folder : options_.folders) {
    std::string name = folder;
    while (name.size() > 1 && name.back() == '/') name.pop_back();
    folders.push_back(FileName(name));
  }
  runs.push_back({{"data", folders},
                  {"images", images_.training.size()},
                  {"batch", options_.batch},
                  {"patch", options_.patch},
                  {"learning_rate", options_.learning_rate},
                  {"seed", options_.seed},
                  {"steps", state_.step},
                  {"hours", state_.hours},
                  {"pixels", state_.pixels},
                  {"start", state_.start},
                  {"commit", AECOMP_COMMIT}});
  return json{{"trainer", "aecomp train"}, {"runs", runs}}.dump();
}

Status Trainer::RunValidation() {
  if (images_.validation.size() == 0) return {};
  Parameters average;
  adam_->CopyAverage(average);
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                          ExportModel(architecture_, average, images_.training, Provenance()));
  AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModel(bytes, "the model in training"));
  std::vector<const Image*> images;
  for (size_t i = 0; i < images_.validation.size(); ++i) images.push_back(&images_.validation.image(i));
  const int top = architecture_.max_quality();
  AECOMP_ASSIGN_OR_RETURN(const std::vector<ValidationRow> rows,
                          Validate(std::move(model), images, {0, top / 7, 3 * top / 7, 5 * top / 7, top}));
  std::string text = "validation at step " + std::to_string(state_.step) + " (real bytes):";
  json line = {{"step", state_.step}, {"hours", state_.hours}, {"validation", json::array()}};
  for (const ValidationRow& row : rows) {
    char part[64];
    std::snprintf(part, sizeof part, "  %.3f bpp %.2f dB", row.bpp, row.psnr);
    text += part;
    line["validation"].push_back({{"quality", row.quality}, {"bpp", row.bpp}, {"psnr", row.psnr}});
  }
  Say(text);
  Log(line);
  return {};
}

Status Trainer::Checkpoint() {
  AECOMP_RETURN_IF_ERROR(WriteCheckpoint(CheckpointPath(), architecture_, parameters_, *adam_, state_));
  Parameters average;
  adam_->CopyAverage(average);
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                          ExportModel(architecture_, average, images_.training, Provenance()));
  saved_ = Clock::now();
  return WriteFileAtomically(options_.output, bytes, /*overwrite=*/true);
}

void Trainer::Report() {
  TrainProgress p;
  const double n = window_.steps;
  p.step = state_.step, p.total_steps = options_.steps;
  p.loss = window_.loss / n, p.bpp = window_.bpp / n, p.psnr = -10 * std::log10(window_.mse / n);
  p.gradient_norm = window_.norm / n, p.learning_rate = LearningRate();
  p.images_per_second = n * options_.batch / window_.seconds;
  const double done = Progress(), left_by_time = (options_.hours - state_.hours) * 3600;
  const double left_by_steps = static_cast<double>(options_.steps - state_.step) * window_.seconds / n;
  p.seconds_left = done >= 1             ? 0
                   : options_.steps <= 0 ? left_by_time
                   : options_.hours <= 0 ? left_by_steps
                                         : std::min(left_by_time, left_by_steps);
  Log({{"step", p.step},
       {"hours", state_.hours},
       {"loss", p.loss},
       {"bpp", p.bpp},
       {"z_bpp", window_.z_bpp / n},
       {"psnr", p.psnr},
       {"norm", p.gradient_norm},
       {"lr", p.learning_rate},
       {"images_per_second", p.images_per_second}});
  if (callbacks_.progress) callbacks_.progress(p);
  window_ = {};
}

/// Gradients of one batch, then the optimiser. Between the two the gradients lie in parameters_.
Status Trainer::TakeStep(BatchLoader& loader) {
  const Clock::time_point begin = Clock::now();
  const Batch& batch = loader.Next();
  const StepResult r = model_->ForwardBackward(batch.x.data(), batch.quality.data(),
                                               MixBits(state_.seed ^ 0xD1CE, static_cast<uint64_t>(state_.step)));
  const double norm = std::isfinite(r.loss) ? adam_->Step(LearningRate(), kClipNorm) : std::nan("");
  if (!std::isfinite(norm)) return Diverged();
  Count(r, norm, SecondsSince(begin));
  return {};
}

Status Trainer::Diverged() const {
  return ModelError("training diverged at step " + std::to_string(state_.step + 1) +
                    ": loss or gradient is not finite; go on from the last checkpoint, " + CheckpointPath() +
                    ", with a smaller --lr");
}

void Trainer::Count(const StepResult& r, double norm, double seconds) {
  ++state_.step;
  state_.hours += seconds / 3600;
  state_.pixels += int64_t{options_.batch} * options_.patch * options_.patch;
  window_.loss += r.loss, window_.bpp += r.bpp, window_.z_bpp += r.z_bpp, window_.mse += r.mse, window_.norm += norm;
  window_.seconds += seconds, ++window_.steps;
}

/// What is due after a step: reports, validation, checkpoints.
Status Trainer::AfterStep() {
  const bool early = state_.step == 20 || state_.step == 50 || state_.step == 100;
  if (early || state_.step % 200 == 0) Report();
  if (callbacks_.interrupted && callbacks_.interrupted()) {
    AECOMP_RETURN_IF_ERROR(Checkpoint());
    return {StatusCode::kInterrupted,
            "interrupted at step " + std::to_string(state_.step) + "; saved, go on with --resume"};
  }
  if (options_.validate_steps > 0 && state_.step % options_.validate_steps == 0)
    AECOMP_RETURN_IF_ERROR(RunValidation());
  if (SecondsSince(saved_) > options_.checkpoint_minutes * 60.0) AECOMP_RETURN_IF_ERROR(Checkpoint());
  return {};
}

Status Trainer::Loop() {
  BatchLoader loader(images_.training, options_.batch, options_.patch, architecture_.image_channels,
                     architecture_.max_quality(), state_.seed, state_.step);
  saved_ = Clock::now();
  while (Progress() < 1) {
    AECOMP_RETURN_IF_ERROR(TakeStep(loader));
    AECOMP_RETURN_IF_ERROR(AfterStep());
  }
  if (window_.steps > 0) Report();
  AECOMP_RETURN_IF_ERROR(RunValidation());
  return Checkpoint();
}

Status Trainer::Run() {
  AECOMP_RETURN_IF_ERROR(Check());
  if (options_.threads > 0) omp_set_num_threads(options_.threads);
  FlushDenormals();
  AECOMP_ASSIGN_OR_RETURN(StartingPoint start, FindStartingPoint(options_, CheckpointPath()));
  architecture_ = std::move(start.architecture), recipe_ = std::move(start.recipe);
  start_model_ = std::move(start.model);
  AECOMP_ASSIGN_OR_RETURN(images_, LoadTrainingImages(options_, architecture_.image_channels,
                                                      [this](const std::string& text) { Say(text); }));
  AECOMP_RETURN_IF_ERROR(Start());
  return Loop();
}

}  // namespace

Status Train(const TrainOptions& options, const TrainCallbacks& callbacks) {
  try {
    Trainer trainer(options, callbacks);
    return trainer.Run();
  } catch (const dnnl::error& e) {
    return ModelError(std::string("oneDNN: ") + e.what());
  } catch (const std::bad_alloc&) {
    return UsageError("not enough memory; use a smaller --batch or --patch");
  }
}

}  // namespace aecomp
