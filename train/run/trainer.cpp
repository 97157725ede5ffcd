#include "train/run/trainer.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <dnnl.hpp>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "model/base/onednn.h"
#include "model/network/graph.h"
#include "train/data/dataset.h"
#include "train/data/training_images.h"
#include "train/export/export.h"
#include "train/loss/fake_quantisation.h"
#include "train/loss/tiled_network.h"
#include "train/loss/training_model.h"
#include "train/optimiser/adam.h"
#include "train/optimiser/all_reduce.h"
#include "train/optimiser/recipe.h"
#include "train/optimiser/schedule.h"
#include "train/run/checkpoint.h"
#include "train/run/initialise.h"
#include "train/run/memory.h"
#include "train/run/provenance.h"
#include "train/run/settings.h"
#include "train/run/starting_point.h"
#include "train/run/train_log.h"
#include "train/run/training_plan.h"
#include "train/run/validate.h"
#include "train/simd.h"

#ifndef AECOMP_COMMIT
#define AECOMP_COMMIT "unknown"
#endif

namespace aecomp {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double kClipNorm = 1.0;
/// Of what the images leave free; the rest is for the export and validation of models, and for others.
constexpr double kTrainingPart = 0.7;
constexpr int kMostCrops = 65536;  // of a step: see BatchLoader
/// Steps of a model's training, earlier runs included, before y is rounded as the encoder does. From the first step on
/// that makes training diverge.
constexpr int64_t kDeadzoneSteps = 10000;
/// Validations without a gain after which a trained model has nothing more to learn from noise: see train/RECIPE.md.
constexpr int kNoisePatience = 2;
/// Of its rate, at which what makes z learns once bits are those of a file: its gradient is mostly noise, but a z that
/// stands still while the analysis moves on becomes ever dearer.
constexpr double kZRatePart = 0.1;
/// A report whose loss is so many times the lowest of the run so far: training diverges though all is finite.
constexpr double kDivergedLoss = 1.5;
constexpr int kReportSteps = 200;
/// So often a run that diverges goes back to its checkpoint, each time with half the learning rate.
constexpr int kMostHalvings = 5;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string Format(const char* format, double a, double b = 0, double c = 0) {
  char text[128];
  std::snprintf(text, sizeof text, format, a, b, c);
  return text;
}

std::string FileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

class Trainer {
 public:
  Trainer(const TrainOptions& options, const TrainCallbacks& callbacks, AllReduce& group)
      : options_(options), callbacks_(callbacks), group_(group) {}

  Status Run();

 private:
  Status Check() const;
  Status Prepare(StartingPoint start);
  Status Plan();
  Status Start();
  Status CompareRanks() const;
  Status StartFrom(const Model& model);
  Status OpenLog(bool resume);

  Status MakeModel();
  void MakeLoader();
  Status Loop();
  Status TakeStep();
  Status CountAsFiles();
  Status Join(StepResult& result);
  void Count(const StepResult& result, double norm, double seconds, double hours);
  Status AfterStep();
  Status End();
  bool Finished() const;

  Status CheckHealth();
  Status Diverged(int64_t step, const std::string& how) const;
  Status NotFinite(int64_t step) const { return Diverged(step, "not finite: " + FirstNonFinite()); }
  Status GoBack(const Status& diverged);
  std::string Remedy() const;
  std::string FirstNonFinite() const;

  Status Save();
  Status Write();
  Result<std::vector<uint8_t>> Export() const;
  Status RunValidation();
  Status RunValidation(const std::vector<uint8_t>& model);
  Result<std::vector<ValidationRow>> Measure(const std::vector<uint8_t>& model);
  std::string DescribeStart() const;
  Status Report();
  void Summarise() const;
  std::string Provenance() const;

  double Progress() const { return schedule_.Progress(state_.step, state_.hours); }
  double LearningRate() const { return schedule_.Rate(state_.step, state_.hours); }
  /// A part of the run after which something begins; 1: never.
  bool Reached(double part) const { return part < 1 && Progress() >= part; }
  /// Of this model, in this run and those before.
  int64_t AllSteps() const { return StepsOf(state_.history) + state_.step; }
  bool CountsAsFiles() const {
    if (options_.file_rate >= 1 || AllSteps() < kDeadzoneSteps) return false;
    const bool gains_nothing = state_.start != "none" && history_.stale() >= kNoisePatience;
    return !state_.y_tables.empty() || gains_nothing || Reached(options_.file_rate);
  }
  bool Validates() const { return images_.validation.size() > 0; }
  bool IsStale() const { return options_.patience > 0 && history_.stale() >= options_.patience; }
  void Say(const std::string& text) const {
    if (callbacks_.message) callbacks_.message(text);
  }
  void Log(const json& line) {
    if (!Leads()) return;
    if (const Status status = log_.Write(line); !status.ok()) Say(status.message());
  }
  /// Only the first of several processes writes, talks and validates; all of them take the same way through a run.
  bool Leads() const { return group_.rank() == 0; }
  bool InAnyRank(bool mine) const;
  int WholeBatch() const { return options_.batch * group_.ranks(); }
  double FreeMemory() const;
  std::string CheckpointPath() const { return options_.output + ".checkpoint"; }

  TrainOptions options_;
  const TrainCallbacks& callbacks_;
  AllReduce& group_;
  Architecture architecture_;
  Recipe recipe_;
  Parameters parameters_;
  std::unique_ptr<TrainingModel> model_;
  bool rounds_ = false;    ///< model_ trains with fake quantisation
  bool as_files_ = false;  ///< model_ counts bits with state_.y_tables
  std::unique_ptr<Adam> adam_;
  TrainingImages images_;
  TrainState state_;
  ValidationHistory history_;
  std::vector<uint8_t> start_file_;  // the model to start from, until it has been validated
  Schedule schedule_;
  std::unique_ptr<BatchLoader> loader_;
  const Batch* batch_ = nullptr;                                  // of the last step
  int64_t saved_step_ = -1;                                       // of the checkpoint on the disk
  double lowest_loss_ = std::numeric_limits<double>::infinity();  // of the reports of this process
  int halvings_ = 0;                                              // of the learning rate, in this process
  Clock::time_point saved_, counted_;
  TrainLog log_;

  struct Window {  // since the last report
    double loss = 0, bpp = 0, z_bpp = 0, mse = 0, norm = 0, seconds = 0;
    int steps = 0;
  } window_;
};

Status Trainer::Check() const {
  const TrainOptions& o = options_;
  if (o.folders.empty()) return UsageError("give at least one folder of training images");
  if (o.steps <= 0 && o.hours <= 0) return UsageError("give --steps or --time");
  if (o.batch < 0 || o.batch > 1024) return UsageError("--batch must be 1 to 1024");
  if (!(o.learning_rate >= 0) || !std::isfinite(o.learning_rate)) return UsageError("--lr must be a number above 0");
  if (!(o.last_rate >= 0) || !std::isfinite(o.last_rate)) return UsageError("--final-lr must be a number above 0");
  if (!(o.fake_quantise <= 1)) return UsageError("--fake-quantise must be 0 to 1");
  if (o.bfloat16 && !HasBfloat16()) return UsageError("--bf16: this CPU does not multiply bfloat16; leave it out");
  if (!(o.file_rate <= 1)) return UsageError("--file-rate must be 0 to 1");
  if (!(o.reduce <= 1)) return UsageError("--reduce must be 0 to 1");
  if (!(o.noise <= 255)) return UsageError("--noise must be 0 to 255");
  return {};
}

/// Images, then the sizes that suit them.
Status Trainer::Prepare(StartingPoint start) {
  architecture_ = std::move(start.architecture), recipe_ = std::move(start.recipe);
  start_file_ = std::move(start.file);
  AECOMP_RETURN_IF_ERROR(CheckPatch(architecture_, options_.patch));
  const int smallest = options_.patch > 0 ? options_.patch : CropUnit(architecture_);
  const auto say = [this](const std::string& text) { Say(text); };
  AECOMP_ASSIGN_OR_RETURN(images_, LoadTrainingImages(options_, architecture_.image_channels, smallest, say));
  AECOMP_RETURN_IF_ERROR(Plan());
  AECOMP_RETURN_IF_ERROR(DropSmall(images_, options_.patch, say));
  AECOMP_RETURN_IF_ERROR(MakeModel());
  if (options_.fake_quantise < 1) AECOMP_RETURN_IF_ERROR(FakeQuantisation::Create(architecture_).status());
  if (options_.file_rate < 1 && architecture_.prior != PriorType::kHyperprior)
    return UsageError("--file-rate: \"" + architecture_.name + "\" has no hyperprior; leave it out");
  if (options_.resume) return {};
  AECOMP_RETURN_IF_ERROR(InitialiseParameters(architecture_, recipe_, images_.training, options_.seed, parameters_));
  return start.model ? StartFrom(*start.model) : Status();
}

/// As the run's progress wants it.
Status Trainer::MakeModel() {
  rounds_ = Reached(options_.fake_quantise), as_files_ = false;
  AECOMP_ASSIGN_OR_RETURN(model_,
                          TrainingModel::Create(architecture_, parameters_, options_.batch, options_.patch,
                                                {static_cast<float>(recipe_.relu_leak), rounds_, options_.bfloat16}));
  if (group_.ranks() > 1) model_->OnGradient([this](Parameter& p) { group_.Ready(p); });
  return {};
}

Status Trainer::Plan() {
  const double free = kTrainingPart * FreeMemory();
  AECOMP_ASSIGN_OR_RETURN(
      const TrainingPlan plan,
      PlanTraining(architecture_, images_.training, static_cast<int64_t>(free), options_.batch, options_.patch));
  options_.batch = plan.batch, options_.patch = plan.patch;
  FitToTiles(architecture_, options_.batch, options_.patch);
  if (WholeBatch() > kMostCrops) {
    return UsageError("a step of all processes would have " + std::to_string(WholeBatch()) + " crops, more than " +
                      std::to_string(kMostCrops) + "; use a smaller --batch");
  }
  std::string text = "steps of " + std::to_string(WholeBatch()) + " crops of " + std::to_string(options_.patch) + "x" +
                     std::to_string(options_.patch) + " pixels, ";
  if (group_.ranks() > 1) text += "shared by " + std::to_string(group_.ranks()) + " processes, each ";
  Say(text + Format("about %.1f GB of memory, learning rate %g", plan.bytes / 1e9, options_.learning_rate));
  if (HasBfloat16() && !options_.bfloat16) Say("this CPU multiplies bfloat16: --bf16 makes steps shorter");
  return {};
}

/// On the machine that has least of it: all ranks choose the same sizes.
double Trainer::FreeMemory() const {
  double negative = -static_cast<double>(AvailableMemory());
  group_.Max({&negative, 1});
  return -negative;
}

/// What one rank wants or sees, all must act on.
bool Trainer::InAnyRank(bool mine) const {
  double value = mine ? 1 : 0;
  group_.Max({&value, 1});
  return value != 0;
}

Status Trainer::StartFrom(const Model& model) {
  AECOMP_RETURN_IF_ERROR(CopyParameters(model, parameters_));
  state_.history = RunsOf(model.provenance);
  return {};
}

Status Trainer::Start() {
  adam_ = std::make_unique<Adam>(parameters_, recipe_);
  if (options_.resume) {
    AECOMP_RETURN_IF_ERROR(ReadCheckpoint(CheckpointPath(), parameters_, *adam_, state_));
    if (!state_.validation.empty() && !history_.Parse(state_.validation)) {
      return ModelError(CheckpointPath() + ": its validation results are damaged; start anew from " + options_.output +
                        " with --init");
    }
    saved_step_ = state_.step;
    Say("resumed at step " + std::to_string(state_.step));
  }
  images_.training.set_reduced(options_.reduce);
  state_.settings = SettingsToJson(options_);
  // Adam's moments are part of a checkpoint; a start from a model re-estimates them while the rate warms up.
  schedule_.warm_up_from = state_.step - adam_->steps();
  if (group_.ranks() > 1) {
    AECOMP_RETURN_IF_ERROR(CompareRanks());
    group_.Start(parameters_);
  }
  return OpenLog(options_.resume);
}

/// Ranks that would take other steps: on their machines, images or checkpoints are others, or they have other options.
Status Trainer::CompareRanks() const {
  std::string text = architecture_.json + state_.settings + std::to_string(state_.step);
  for (size_t i = 0; i < images_.training.size(); ++i) {
    const Image& image = images_.training.image(i);
    for (int number : {image.width, image.height, image.bits}) text += ' ' + std::to_string(number);
    text += FileName(images_.training.name(i));
  }
  const double hash = static_cast<double>(std::hash<std::string>()(text) >> 12);  // a double holds 53 bits
  double range[] = {hash, -hash};
  group_.Max(range);
  if (range[0] == -range[1]) return {};
  return UsageError("the processes have different images, options or checkpoints; give all of them the same");
}

Status Trainer::OpenLog(bool resume) {
  if (!Leads()) return {};
  const std::string path = options_.log.empty() ? options_.output + ".log.jsonl" : options_.log;
  AECOMP_RETURN_IF_ERROR(resume ? log_.Resume(path, state_.step) : log_.Start(path));
  json line = {{"step", state_.step},
               {"start", state_.start},
               {"images", images_.training.size()},
               {"held_out", images_.validation.size()},
               {"seed", state_.seed},
               {"threads", options_.threads},
               {"settings", json::parse(state_.settings)}};
  if (group_.ranks() > 1) line["processes"] = group_.ranks();
  Log(line);
  return {};
}

std::string Trainer::Provenance() const {
  json folders = json::array();
  for (const std::string& folder : options_.folders) {
    std::string name = folder;
    while (name.size() > 1 && name.back() == '/') name.pop_back();
    folders.push_back(FileName(name));
  }
  json run = {{"data", folders},
              {"images", images_.training.size()},
              {"batch", WholeBatch()},
              {"patch", options_.patch},
              {"learning_rate", options_.learning_rate},
              {"seed", state_.seed},
              {"steps", state_.step},
              {"pixels", state_.pixels},
              {"start", state_.start},
              {"commit", AECOMP_COMMIT}};
  if (options_.bfloat16) run["bfloat16"] = true;
  if (options_.noise > 0) run["noise"] = options_.noise;
  if (Reached(options_.fake_quantise)) run["fake_quantise"] = options_.fake_quantise;
  if (CountsAsFiles()) run["file_rate"] = options_.file_rate;
  if (options_.hours > 0) run["hours"] = state_.hours;  // otherwise equal runs give equal files
  return ProvenanceAfter(state_.history, run);
}

Result<std::vector<uint8_t>> Trainer::Export() const {
  Parameters average;
  adam_->CopyAverage(average);
  return ExportModel(architecture_, average, images_.training, Provenance());
}

Status Trainer::RunValidation() {
  if (!Validates()) return {};
  AECOMP_RETURN_IF_ERROR(CheckHealth());
  if (!Leads()) return RunValidation({});
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, Export());
  return RunValidation(bytes);
}

/// Of a model that the first rank has; the others wait for what it measures.
Result<std::vector<ValidationRow>> Trainer::Measure(const std::vector<uint8_t>& bytes) {
  const std::vector<int> qualities = ValidationQualities(architecture_.max_quality());
  std::vector<ValidationRow> rows(qualities.size());
  if (Leads()) {
    AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModel(bytes, "the model in training"));
    AECOMP_ASSIGN_OR_RETURN(rows, Validate(std::move(model), images_.ForValidation(), qualities));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].quality = qualities[i];
    for (double* value : {&rows[i].bpp, &rows[i].psnr, &rows[i].loss}) group_.Broadcast({value, 1});
  }
  return rows;
}

/// Real bytes of the held-out images; the best model so far becomes the output. The checkpoint comes after the model:
/// when the run is killed in between, this validation is repeated.
Status Trainer::RunValidation(const std::vector<uint8_t>& bytes) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<ValidationRow> rows, Measure(bytes));
  const double loss = ValidationLoss(rows);
  const bool best = history_.Add(state_.step, rows);
  std::string text = "validation at step " + std::to_string(state_.step) + Format(": loss %.4f ", loss);
  text += best ? "(best so far)"
               : "(best: " + Format("%.4f", ValidationLoss(history_.best())) + " at step " +
                     std::to_string(history_.best_step()) + ")";
  json line = {{"step", state_.step},
               {"hours", state_.hours},
               {"validation_loss", loss},
               {"best", best},
               {"validation", json::array()}};
  for (const ValidationRow& row : rows) {
    text += Format("  %.3f bpp %.2f dB", row.bpp, row.psnr);
    line["validation"].push_back({{"quality", row.quality}, {"bpp", row.bpp}, {"psnr", row.psnr}, {"loss", row.loss}});
  }
  Say(text);
  Log(line);
  if (best && Leads()) AECOMP_RETURN_IF_ERROR(WriteFileAtomically(options_.output, bytes, /*overwrite=*/true));
  return Save();
}

Status Trainer::Save() {
  AECOMP_RETURN_IF_ERROR(CheckHealth());
  if (Leads()) AECOMP_RETURN_IF_ERROR(Write());
  saved_ = Clock::now(), saved_step_ = state_.step;
  return {};
}

/// The checkpoint, and the plot of the log. Without images held out the model as well: then nothing says which is best.
Status Trainer::Write() {
  if (!Validates()) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, Export());
    AECOMP_RETURN_IF_ERROR(WriteFileAtomically(options_.output, bytes, /*overwrite=*/true));
  }
  state_.validation = history_.ToJson();
  AECOMP_RETURN_IF_ERROR(WriteCheckpoint(CheckpointPath(), architecture_, parameters_, *adam_, state_));
  return log_.WritePlot(options_.output + ".log.png");
}

/// Whether the next step will see finite numbers: a checkpoint that does not is worse than none.
Status Trainer::CheckHealth() {
  if (batch_ == nullptr) return {};
  const float* clean = batch_->clean.size() > 0 ? batch_->clean.data() : nullptr;
  const StepResult r = model_->ForwardFrozen(batch_->x.data(), batch_->quality.data(), clean);
  return InAnyRank(!std::isfinite(r.loss)) ? NotFinite(state_.step) : Status();
}

/// After a forward pass, and a backward pass if that was finite.
std::string Trainer::FirstNonFinite() const {
  const auto finite = [](const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  };
  for (const Parameter& p : parameters_.list()) {
    if (!finite(p.value)) return "parameter \"" + p.name + "\"";
  }
  if (const std::string where = model_->FirstNonFinite(); !where.empty()) return where;
  for (const Parameter& p : parameters_.list()) {
    if (!finite(p.grad)) return "gradient of parameter \"" + p.name + "\"";
  }
  return "sum of the loss or of the squared gradients";
}

Status Trainer::Diverged(int64_t step, const std::string& how) const {
  return {StatusCode::kDiverged, "training diverged at step " + std::to_string(step) + ": " + how};
}

/// Of a run that cannot go on.
std::string Trainer::Remedy() const {
  const std::string text = saved_step_ < 0 ? "nothing was saved: start again"
                                           : CheckpointPath() + " is that of step " + std::to_string(saved_step_) +
                                                 ": go on from it with --resume";
  return text + Format(" and a smaller --lr than %g", options_.learning_rate);
}

/// To the checkpoint, with half the learning rate; `diverged` with the remedy when that is of no use. Not where several
/// processes train together: their machines need not have the checkpoint.
Status Trainer::GoBack(const Status& diverged) {
  if (saved_step_ < 0 || halvings_ == kMostHalvings || group_.ranks() > 1)
    return {diverged.code(), diverged.message() + "; " + Remedy()};
  ++halvings_;
  options_.learning_rate /= 2, options_.last_rate /= 2;
  schedule_.peak = options_.learning_rate, schedule_.last = options_.last_rate;
  const double hours = state_.hours;  // those of the steps that are lost count
  for (Parameter& p : parameters_.list()) std::fill(p.grad.begin(), p.grad.end(), 0.f);  // steps add to them
  adam_ = std::make_unique<Adam>(parameters_, recipe_);
  AECOMP_RETURN_IF_ERROR(ReadCheckpoint(CheckpointPath(), parameters_, *adam_, state_));
  state_.hours = hours, state_.settings = SettingsToJson(options_);
  schedule_.warm_up_from = state_.step - adam_->steps();
  Say(diverged.message() + "; back to step " + std::to_string(state_.step) +
      Format(" with half the learning rate, %g", options_.learning_rate));
  if (as_files_ && !CountsAsFiles()) lowest_loss_ = std::numeric_limits<double>::infinity();  // another loss again
  AECOMP_RETURN_IF_ERROR(MakeModel());
  MakeLoader();
  window_ = {};
  return OpenLog(/*resume=*/true);
}

Status Trainer::Report() {
  TrainProgress p;
  const double n = window_.steps;
  p.step = state_.step, p.total_steps = options_.steps;
  p.loss = window_.loss / n, p.bpp = window_.bpp / n, p.psnr = -10 * std::log10(window_.mse / n);
  p.gradient_norm = window_.norm / n, p.learning_rate = LearningRate();
  p.images_per_second = n * WholeBatch() / window_.seconds;
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
  const bool enough = window_.steps == kReportSteps;
  window_ = {};
  if (enough && p.loss > kDivergedLoss * lowest_loss_)
    return Diverged(state_.step, Format("its loss is %.4f, after %.4f", p.loss, lowest_loss_));
  if (enough) lowest_loss_ = std::min(lowest_loss_, p.loss);
  return {};
}

/// Gradients of one batch, then the optimiser (between the two the gradients lie in parameters_), then what is due.
Status Trainer::TakeStep() {
  if (!rounds_ && Reached(options_.fake_quantise)) {
    AECOMP_RETURN_IF_ERROR(MakeModel());
    Say("from step " + std::to_string(state_.step + 1) + " on with the rounding of the integer codec");
  }
  model_->UseDeadzones(AllSteps() >= kDeadzoneSteps);
  if (!as_files_ && CountsAsFiles()) AECOMP_RETURN_IF_ERROR(CountAsFiles());
  const Clock::time_point begin = Clock::now();
  batch_ = &loader_->Next();
  StepResult r = model_->ForwardBackward(
      batch_->x.data(), batch_->quality.data(), MixBits(state_.seed ^ 0xD1CE, static_cast<uint64_t>(state_.step)),
      batch_->clean.size() > 0 ? batch_->clean.data() : nullptr, int64_t{group_.rank()} * options_.batch);
  AECOMP_RETURN_IF_ERROR(Join(r));
  if (!std::isfinite(r.loss)) return NotFinite(state_.step + 1);
  const double norm = adam_->Step(LearningRate(), kClipNorm);
  if (!std::isfinite(norm)) return NotFinite(state_.step + 1);
  const double seconds = SecondsSince(begin);
  double hours = SecondsSince(counted_) / 3600;  // with what was between the steps
  group_.Broadcast({&hours, 1});                 // schedule and end of the run follow one clock
  counted_ = Clock::now();
  Count(r, norm, seconds, hours);
  return AfterStep();
}

/// From now on bits are those of the tables that a model exported at the first such step has.
Status Trainer::CountAsFiles() {
  if (state_.y_tables.empty()) {
    std::vector<FrequencyRow>& rows = state_.y_tables;
    rows.resize(kYRows);
    if (Leads()) {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, Export());
      AECOMP_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, ParseModel(bytes, "the model in training"));
      rows = model->prior.y_frequencies();
    }
    for (FrequencyRow& row : rows) {
      double size = static_cast<double>(row.size());
      group_.Broadcast({&size, 1});
      row.resize(static_cast<size_t>(size));
      std::vector<double> values(row.begin(), row.end());
      group_.Broadcast(values);
      std::transform(values.begin(), values.end(), row.begin(), [](double v) { return static_cast<uint16_t>(v); });
    }
    Say("from step " + std::to_string(state_.step + 1) + " on with the bits of a file");
  }
  AECOMP_ASSIGN_OR_RETURN(const CodingTables tables, CodingTables::Create(state_.y_tables));
  model_->UseTables(tables);
  for (const std::string& name : model_->MakersOfZ()) adam_->SetRateScale(name, kZRatePart * recipe_.RateScale(name));
  as_files_ = true;
  return {};
}

/// Gradients and results of this rank's share become those of the whole batch.
Status Trainer::Join(StepResult& r) {
  double values[] = {r.loss, r.bpp, r.z_bpp, r.mse};
  AECOMP_RETURN_IF_ERROR(group_.Finish(values));
  r.loss = values[0], r.bpp = values[1], r.z_bpp = values[2], r.mse = values[3];
  return {};
}

void Trainer::Count(const StepResult& r, double norm, double seconds, double hours) {
  ++state_.step;
  state_.hours += hours;
  state_.pixels += int64_t{WholeBatch()} * options_.patch * options_.patch;
  window_.loss += r.loss, window_.bpp += r.bpp, window_.z_bpp += r.z_bpp, window_.mse += r.mse, window_.norm += norm;
  window_.seconds += seconds, ++window_.steps;
}

/// What is due after a step: reports, validation, checkpoints. A checkpoint never comes before the validation of its
/// step, which a resumed run would leave out.
Status Trainer::AfterStep() {
  const bool early = state_.step == 20 || state_.step == 50 || state_.step == 100;
  if (early || state_.step % kReportSteps == 0) AECOMP_RETURN_IF_ERROR(Report());
  if (options_.validate_steps > 0 && state_.step % options_.validate_steps == 0)
    AECOMP_RETURN_IF_ERROR(RunValidation());
  if (InAnyRank(callbacks_.interrupted && callbacks_.interrupted())) {
    AECOMP_RETURN_IF_ERROR(Save());
    return {StatusCode::kInterrupted,
            "interrupted at step " + std::to_string(state_.step) + "; saved, go on with --resume"};
  }
  const bool due = options_.checkpoint_steps > 0 && state_.step % options_.checkpoint_steps == 0;
  if (InAnyRank(due || SecondsSince(saved_) > options_.checkpoint_minutes * 60.0)) AECOMP_RETURN_IF_ERROR(Save());
  return {};
}

void Trainer::MakeLoader() {
  batch_ = nullptr;  // the old loader's
  loader_ = std::make_unique<BatchLoader>(images_.training, options_.batch, options_.patch,
                                          architecture_.image_channels, architecture_.max_quality(), state_.seed,
                                          state_.step, BatchShare{group_.rank(), group_.ranks()});
}

Status Trainer::Loop() {
  MakeLoader();
  saved_ = counted_ = Clock::now();
  if (!options_.resume) {
    // Saved before the first step: whatever happens later, there is something to resume.
    AECOMP_RETURN_IF_ERROR(start_file_.empty() || !Validates() ? RunValidation() : RunValidation(start_file_));
    if (saved_step_ < 0) AECOMP_RETURN_IF_ERROR(Save());
  }
  for (bool ends = false; !ends;) {
    ends = Finished();
    Status status = ends ? End() : TakeStep();
    if (status.code() == StatusCode::kDiverged) status = GoBack(status), ends = false;
    AECOMP_RETURN_IF_ERROR(status);
  }
  return {};
}

Status Trainer::End() {
  if (window_.steps > 0) AECOMP_RETURN_IF_ERROR(Report());
  return Validates() && history_.last_step() != state_.step ? RunValidation() : Save();
}

bool Trainer::Finished() const { return Progress() >= 1 || IsStale(); }

std::string Trainer::DescribeStart() const {
  if (history_.first_step() > 0) return "the model of step " + std::to_string(history_.first_step());
  if (state_.start == "none") return "the untrained start";
  return state_.start == "released model" ? "the released model" : state_.start;
}

void Trainer::Summarise() const {
  if (IsStale()) {
    Say("stopped: no gain of 0.2 % in " + std::to_string(history_.stale()) +
        " validations; --patience 0 --resume goes on");
  }
  if (!history_.empty()) {
    const auto say_rows = [this](const char* when, const std::vector<ValidationRow>& rows) {
      std::string text = when;
      for (const ValidationRow& row : rows) text += Format("  %.3f bpp %.2f dB", row.bpp, row.psnr);
      Say(text);
    };
    Say("held out: " + std::to_string(images_.validation.size()) + " images, real bytes, against " + DescribeStart());
    say_rows("before:", history_.first());
    say_rows("after: ", history_.best());
    Say(history_.best_step() > history_.first_step() ? CompareCurves(history_.first(), history_.best())
                                                     : "training found nothing better");
  }
  const int64_t step = history_.empty() ? state_.step : history_.best_step();
  Say("model: " + options_.output + ", that of step " + std::to_string(step));
  Say("use it: aecomp compress IMAGE -m " + options_.output + " -o IMAGE.aec; aecomp decompress IMAGE.aec -m " +
      options_.output);
}

Status Trainer::Run() {
  if (options_.threads > 0) omp_set_num_threads(options_.threads);
  FlushDenormals();
  if (options_.resume) {
    AECOMP_ASSIGN_OR_RETURN(state_, ReadTrainState(CheckpointPath()));
    AdoptSettings(state_.settings, options_);
    if (options_.bfloat16 && !HasBfloat16()) {
      Say("this CPU does not multiply bfloat16: going on in f32");
      options_.bfloat16 = false;
    }
  }
  AECOMP_RETURN_IF_ERROR(Check());
  AECOMP_ASSIGN_OR_RETURN(StartingPoint start, FindStartingPoint(options_, CheckpointPath()));
  if (!options_.resume) {
    state_.start = !start.model ? "none" : options_.init.empty() ? "released model" : FileName(options_.init);
    state_.seed = options_.seed;
  }
  ApplyDefaults(state_.start != "none", start.architecture.prior, FreeMemory(), options_);
  schedule_ = {options_.learning_rate, options_.last_rate, options_.steps, options_.hours};
  AECOMP_RETURN_IF_ERROR(Prepare(std::move(start)));
  AECOMP_RETURN_IF_ERROR(Start());
  AECOMP_RETURN_IF_ERROR(Loop());
  Summarise();
  return {};
}

Status RunTrainer(const TrainOptions& options, const TrainCallbacks& callbacks, AllReduce& group) {
  try {
    Trainer trainer(options, callbacks, group);
    return trainer.Run();
  } catch (const dnnl::error& e) {
    if (onednn::IsOutOfMemory(e)) return MemoryError("not enough memory; use a smaller --batch or --patch");
    return ModelError(std::string("oneDNN: ") + e.what());
  } catch (const std::bad_alloc&) {
    return MemoryError("not enough memory; use a smaller --batch or --patch");
  }
}

}  // namespace

Status Train(const TrainOptions& options, const TrainCallbacks& callbacks) {
  AECOMP_ASSIGN_OR_RETURN(const std::unique_ptr<AllReduce> group, JoinRanks());
  TrainCallbacks heard = callbacks;
  const bool leads = group->rank() == 0;
  if (!leads) heard.progress = nullptr, heard.message = nullptr;
  Status status = RunTrainer(options, heard, *group);
  const StatusCode code = status.code();
  if (code == StatusCode::kOk || code == StatusCode::kInterrupted || code == StatusCode::kDiverged) {
    group->Leave();  // all ranks end in the same way
    return leads ? status : Status();
  }
  // The others wait for this process in vain, until the launcher sees it end and ends them.
  if (leads) return status;
  return {code, "process " + std::to_string(group->rank() + 1) + " of " + std::to_string(group->ranks()) + ": " +
                    status.message()};
}

}  // namespace aecomp
