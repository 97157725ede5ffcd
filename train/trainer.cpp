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
#include "train/simd.h"
#include "train/tiled_network.h"
#include "train/training_model.h"

#ifndef AECOMP_COMMIT
#define AECOMP_COMMIT "unknown"
#endif

namespace aecomp {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kWarmUpSteps = 300;
constexpr double kFinalRate = 0.02;  // of the peak
constexpr double kClipNorm = 1.0;
constexpr int kValidationImages = 12;
constexpr int kHeldOutOneIn = 20;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

uint64_t HashName(const std::string& name) {
  uint64_t h = 1469598103934665603ull;  // FNV-1a
  for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
  return MixBits(h, 0);
}

std::string FileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

class Trainer {
 public:
  Trainer(const TrainOptions& options, const TrainCallbacks& callbacks) : options_(options), callbacks_(callbacks) {}

  Status Run();

 private:
  Status Check() const;
  Status LoadArchitecture();
  Status LoadImages();
  Status Start();
  Status Loop();
  Status Checkpoint();
  Status RunValidation();
  void Report(double learning_rate);
  double Progress() const;
  double LearningRate() const;
  std::string Provenance() const;
  void Say(const std::string& text) const {
    if (callbacks_.message) callbacks_.message(text);
  }
  std::string CheckpointPath() const { return options_.output + ".checkpoint"; }
  void Log(const json& line) { log_ << line.dump() << std::endl; }

  TrainOptions options_;  // ours: networks of one image size choose batch and patch
  const TrainCallbacks& callbacks_;
  Architecture architecture_;
  Recipe recipe_;
  Parameters parameters_;
  std::unique_ptr<Model> start_model_;
  std::unique_ptr<TrainingModel> model_;
  std::unique_ptr<Adam> adam_;
  Dataset training_, validation_;
  TrainState state_;
  int64_t first_step_ = 0;  // of this run: the optimiser warms up from here
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

/// The architecture comes from the checkpoint, the --arch file, the model to start from, or the embedded model.
Status Trainer::LoadArchitecture() {
  constexpr uint64_t kMaxText = 16 << 20;
  std::string text, name = options_.architecture;
  if (options_.resume) {
    name = CheckpointPath();
    AECOMP_ASSIGN_OR_RETURN(text, CheckpointArchitecture(name));
  } else if (!options_.init.empty() && options_.init != "none") {
    AECOMP_ASSIGN_OR_RETURN(start_model_, ReadModel(options_.init));
  } else if (options_.init.empty() && options_.architecture.empty() && !EmbeddedModelFile().empty()) {
    AECOMP_ASSIGN_OR_RETURN(start_model_, ParseModel(EmbeddedModelFile(), "the embedded model"));
  }
  if (text.empty() && !options_.architecture.empty()) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, ReadFile(options_.architecture, kMaxText));
    text.assign(bytes.begin(), bytes.end());
  } else if (text.empty() && start_model_) {
    text = start_model_->architecture.json, name = "the model's architecture";
  } else if (text.empty() && !EmbeddedModelFile().empty()) {
    AECOMP_ASSIGN_OR_RETURN(const auto model, ParseModel(EmbeddedModelFile(), "the embedded model"));
    text = model->architecture.json, name = "the embedded architecture";
  } else if (text.empty()) {
    return UsageError(
        "this program was built without a model: name an architecture with --arch (data/arch/release.json)");
  }
  AECOMP_ASSIGN_OR_RETURN(architecture_, ParseArchitecture(text, name));
  AECOMP_ASSIGN_OR_RETURN(recipe_, ParseRecipe(architecture_));
  FitToTiles(architecture_, options_.batch, options_.patch);
  return {};
}

Status Trainer::LoadImages() {
  AECOMP_ASSIGN_OR_RETURN(std::vector<std::string> files, ListImages(options_.folders));
  std::vector<std::string> held_out, notes;
  if (!options_.validation_folder.empty()) {
    AECOMP_ASSIGN_OR_RETURN(held_out, ListImages({options_.validation_folder}));
  } else if (files.size() >= kHeldOutOneIn) {
    const auto is_held_out = [](const std::string& f) { return HashName(FileName(f)) % kHeldOutOneIn == 0; };
    const auto middle =
        std::stable_partition(files.begin(), files.end(), [&](const auto& f) { return !is_held_out(f); });
    held_out.assign(middle, files.end());
    files.erase(middle, files.end());
  }
  auto training = Dataset::Load(files, architecture_.image_channels, options_.patch, &notes);
  if (!training.ok()) {
    return {training.status().code(), options_.folders.front() + ": " + training.status().message()};
  }
  training_ = std::move(training).value();
  if (!held_out.empty()) {  // the images that come first by hash of their names: the same ones in every run
    std::sort(held_out.begin(), held_out.end(),
              [](const auto& a, const auto& b) { return HashName(FileName(a)) < HashName(FileName(b)); });
    held_out.resize(std::min<size_t>(held_out.size(), kValidationImages));
    auto loaded = Dataset::Load(held_out, architecture_.image_channels, 1, &notes);
    if (loaded.ok()) validation_ = std::move(loaded).value();
  }
  for (const std::string& note : notes) Say(note);
  Say(std::to_string(training_.size()) + " images to train on, " + std::to_string(validation_.size()) + " held out");
  return {};
}

Status Trainer::Start() {
  AECOMP_ASSIGN_OR_RETURN(model_, TrainingModel::Create(architecture_, parameters_, options_.batch, options_.patch,
                                                        static_cast<float>(recipe_.relu_leak)));
  state_.seed = options_.seed;
  state_.start = !start_model_ ? "none" : options_.init.empty() ? "released model" : FileName(options_.init);
  state_.history = "[]";
  if (!options_.resume) {
    AECOMP_RETURN_IF_ERROR(InitialiseParameters(architecture_, recipe_, training_, options_.seed, parameters_));
    if (start_model_) {
      for (Parameter& p : parameters_.list()) {
        const Parameter* from = start_model_->parameters.Find(p.name);
        if (from == nullptr || from->dims != p.dims) {
          return ModelError("the model to start from has no parameter \"" + p.name +
                            "\" of the architecture's shape; leave out --arch or --init");
        }
        p.value = from->value;
      }
      const json provenance = json::parse(start_model_->provenance, nullptr, /*allow_exceptions=*/false);
      if (provenance.is_object() && provenance.contains("runs")) state_.history = provenance.at("runs").dump();
      start_model_.reset();
    }
    parameters_.MarkChanged();
  }
  adam_ = std::make_unique<Adam>(parameters_, recipe_);
  if (options_.resume) {
    AECOMP_RETURN_IF_ERROR(ReadCheckpoint(CheckpointPath(), parameters_, *adam_, state_));
    Say("resumed at step " + std::to_string(state_.step));
  }
  // Adam's moments are part of a checkpoint; a start from a model re-estimates them while the rate warms up.
  first_step_ = options_.resume ? state_.step - adam_->steps() : state_.step;
  const std::string log = options_.log.empty() ? options_.output + ".log.jsonl" : options_.log;
  log_.open(log, options_.resume ? std::ios::app : std::ios::trunc);
  if (!log_) return WriteError(log + ": cannot be written; choose another place with --log");
  return {};
}

double Trainer::Progress() const {
  const double by_steps =
      options_.steps > 0 ? static_cast<double>(state_.step) / static_cast<double>(options_.steps) : 0;
  const double by_time = options_.hours > 0 ? state_.hours / options_.hours : 0;
  return std::min(1.0, std::max(by_steps, by_time));
}

/// Linear warm-up, then a half cosine down to kFinalRate over the whole run.
double Trainer::LearningRate() const {
  const double warm_up = std::min(1.0, static_cast<double>(state_.step - first_step_ + 1) / kWarmUpSteps);
  const double cosine = 0.5 * (1 + std::cos(M_PI * Progress()));
  return options_.learning_rate * warm_up * (kFinalRate + (1 - kFinalRate) * cosine);
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
                  {"images", training_.size()},
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
  if (validation_.size() == 0) return {};
  Parameters average;
  adam_->CopyAverage(average);
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                          ExportModel(architecture_, average, training_, Provenance()));
  AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModel(bytes, "the model in training"));
  std::vector<const Image*> images;
  for (size_t i = 0; i < validation_.size(); ++i) images.push_back(&validation_.image(i));
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
                          ExportModel(architecture_, average, training_, Provenance()));
  return WriteFileAtomically(options_.output, bytes, /*overwrite=*/true);
}

void Trainer::Report(double learning_rate) {
  TrainProgress p;
  const double n = window_.steps;
  p.step = state_.step, p.total_steps = options_.steps;
  p.loss = window_.loss / n, p.bpp = window_.bpp / n, p.psnr = -10 * std::log10(window_.mse / n);
  p.gradient_norm = window_.norm / n, p.learning_rate = learning_rate;
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

Status Trainer::Loop() {
  BatchLoader loader(training_, options_.batch, options_.patch, architecture_.image_channels,
                     architecture_.max_quality(), state_.seed, state_.step);
  Clock::time_point saved = Clock::now();
  while (Progress() < 1) {
    const Clock::time_point begin = Clock::now();
    const double rate = LearningRate();
    const Batch& batch = loader.Next();
    const StepResult r = model_->ForwardBackward(batch.x.data(), batch.quality.data(),
                                                 MixBits(state_.seed ^ 0xD1CE, static_cast<uint64_t>(state_.step)));
    const double norm = std::isfinite(r.loss) ? adam_->Step(rate, kClipNorm) : std::nan("");
    if (!std::isfinite(norm)) {
      return ModelError("training diverged at step " + std::to_string(state_.step + 1) +
                        ": loss or gradient is not finite; go on from the last checkpoint, " + CheckpointPath() +
                        ", with a smaller --lr");
    }
    const double seconds = SecondsSince(begin);
    ++state_.step;
    state_.hours += seconds / 3600;
    state_.pixels += int64_t{options_.batch} * options_.patch * options_.patch;
    window_.loss += r.loss, window_.bpp += r.bpp, window_.z_bpp += r.z_bpp, window_.mse += r.mse, window_.norm += norm;
    window_.seconds += seconds, ++window_.steps;
    const bool early = state_.step == 20 || state_.step == 50 || state_.step == 100;
    if (early || state_.step % 200 == 0) Report(rate);
    if (callbacks_.interrupted && callbacks_.interrupted()) {
      AECOMP_RETURN_IF_ERROR(Checkpoint());
      return {StatusCode::kInterrupted,
              "interrupted at step " + std::to_string(state_.step) + "; saved, go on with --resume"};
    }
    if (options_.validate_steps > 0 && state_.step % options_.validate_steps == 0)
      AECOMP_RETURN_IF_ERROR(RunValidation());
    if (SecondsSince(saved) > options_.checkpoint_minutes * 60.0) {
      AECOMP_RETURN_IF_ERROR(Checkpoint());
      saved = Clock::now();
    }
  }
  if (window_.steps > 0) Report(LearningRate());
  AECOMP_RETURN_IF_ERROR(RunValidation());
  return Checkpoint();
}

Status Trainer::Run() {
  AECOMP_RETURN_IF_ERROR(Check());
  if (options_.threads > 0) omp_set_num_threads(options_.threads);
  FlushDenormals();
  AECOMP_RETURN_IF_ERROR(LoadArchitecture());
  AECOMP_RETURN_IF_ERROR(LoadImages());
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
