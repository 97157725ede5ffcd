#include "train/run/training_run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "io/file.h"
#include "train/random_bits.h"
#include "train/run/format.h"
#include "train/run/image_record.h"
#include "train/run/initialise.h"
#include "train/run/provenance.h"
#include "train/run/run_export.h"
#include "train/run/settings.h"
#include "train/run/starting_point.h"

namespace aecomp {
namespace {

/// The rate of what makes z, once bits are those of a file, as a share of its usual rate: its gradient is mostly noise,
/// but a z that stands still while the analysis moves on becomes ever dearer.
constexpr double kZRatePart = 0.1;
constexpr double kClipNorm = 1.0;
/// So often a run that diverges goes back to its checkpoint, each time with half the learning rate.
constexpr int kMostHalvings = 5;

double SecondsSince(TrainingRun::Clock::time_point start) {
  return std::chrono::duration<double>(TrainingRun::Clock::now() - start).count();
}

}  // namespace

TrainingRun::TrainingRun(PreparedRun prepared, Ranks& ranks, const TrainCallbacks& callbacks)
    : setup_(std::move(prepared.setup)),
      ranks_(ranks),
      callbacks_(callbacks),
      reports_(callbacks, ranks),
      start_file_(std::move(prepared.start_file)),
      state_(std::move(prepared.state)),
      schedule_{setup_.options.learning_rate, setup_.options.last_rate, setup_.options.steps, setup_.options.hours} {}

Result<std::unique_ptr<TrainingRun>> TrainingRun::Create(PreparedRun prepared, Ranks& ranks,
                                                         const TrainCallbacks& callbacks) {
  const std::unique_ptr<Model> start = std::move(prepared.model);
  std::unique_ptr<TrainingRun> run(new TrainingRun(std::move(prepared), ranks, callbacks));
  AECOMP_RETURN_IF_ERROR(run->MakeModel());
  if (!run->setup_.options.resume) AECOMP_RETURN_IF_ERROR(run->FillParameters(start.get()));
  run->MakeOptimiser();
  if (run->setup_.options.resume) AECOMP_RETURN_IF_ERROR(run->ReadState());
  run->NoticeOtherImages();
  run->setup_.images.training.set_reduced(run->setup_.options.reduce);
  run->state_.settings = run->CurrentSettings();
  // Adam's moments are part of a checkpoint; a start from a model re-estimates them while the rate warms up.
  run->schedule_.warm_up_from = run->state_.step - run->adam_->steps();
  if (ranks.several()) {
    AECOMP_RETURN_IF_ERROR(ranks.ExpectEqual(DescribeForRanks(run->setup_, run->state_)));
    ranks.Start(run->parameters_);
  }
  AECOMP_RETURN_IF_ERROR(run->reports_.OpenLog(run->setup_, run->state_, run->setup_.options.resume));
  run->MakeLoader();
  return run;
}

/// As the run's progress wants it.
Status TrainingRun::MakeModel() {
  const TrainOptions& options = setup_.options;
  rounds_weights_ = RoundsWeights();
  AECOMP_ASSIGN_OR_RETURN(model_, TrainingModel::Create(setup_.architecture, parameters_, options.batch, options.patch,
                                                        {.relu_leak = static_cast<float>(setup_.recipe.relu_leak),
                                                         .fake_quantise = rounds_weights_,
                                                         .bfloat16 = options.bfloat16,
                                                         .distortion = setup_.Distortion(),
                                                         .map = setup_.Map()}));
  if (ranks_.several()) model_->OnGradient([this](Parameter& p) { ranks_.Ready(p); });
  return {};
}

/// Of a run that does not go on from a checkpoint. start: a trained model or null.
Status TrainingRun::FillParameters(const Model* start) {
  AECOMP_RETURN_IF_ERROR(
      InitialiseParameters(setup_.architecture, setup_.recipe, setup_.images.training, state_.seed, parameters_));
  if (start == nullptr) return {};
  AECOMP_RETURN_IF_ERROR(CopyParameters(*start, parameters_));
  state_.history = RunsOf(start->provenance);
  return {};
}

void TrainingRun::MakeOptimiser() { adam_ = std::make_unique<Adam>(parameters_, setup_.recipe); }

/// Of a run that goes on from its checkpoint.
Status TrainingRun::ReadState() {
  const std::string path = setup_.options.CheckpointPath();
  AECOMP_RETURN_IF_ERROR(ReadCheckpoint(path, parameters_, *adam_, state_));
  if (!state_.validation.empty() && !history_.Parse(state_.validation)) {
    return ModelError(path + ": its validation results are damaged; start anew from " + setup_.options.output +
                      " with --init");
  }
  saved_step_ = state_.step;
  reports_.Say("resumed at step " + std::to_string(state_.step));
  if (!state_.has_checksum) {
    reports_.Say(path + ": was written by an older program, without a checksum: damage to it goes unnoticed");
  }
  return {};
}

/// A resumed run may have been given other images than it was begun with.
void TrainingRun::NoticeOtherImages() {
  const ImageRecord record = RecordOf(setup_.images);
  image_record_ = record.ToJson();
  if (!setup_.options.resume) return;
  const ImageChange change = CompareImages(state_.images, record, !history_.empty());
  for (const std::string& note : change.notes) reports_.Say(note);
  if (!ranks_.Any(change.other_held_out)) return;
  history_ = {};
  validates_anew_ = setup_.validates();
}

void TrainingRun::MakeLoader() {
  const TrainOptions& options = setup_.options;
  loader_ = std::make_unique<BatchLoader>(setup_.images.training, options.batch, options.patch,
                                          setup_.architecture.image_channels, setup_.architecture.max_quality(),
                                          state_.seed, state_.step, BatchShare{ranks_.rank(), ranks_.count()});
}

/// The options with the learning rate in use: what a resumed run goes on with.
std::string TrainingRun::CurrentSettings() const {
  TrainOptions options = setup_.options;
  options.learning_rate = schedule_.peak, options.last_rate = schedule_.last;
  return SettingsToJson(options);
}

Status TrainingRun::Run() {
  AECOMP_RETURN_IF_ERROR(Begin());
  for (bool ends = false; !ends;) {
    ends = Progress() >= 1 || IsStale();
    Status status = ends ? End() : TakeStep();
    if (status.code() == StatusCode::kDiverged) status = GoBack(status), ends = false;
    AECOMP_RETURN_IF_ERROR(status);
  }
  reports_.Summary(setup_, state_, history_, IsStale());
  if (callbacks_.ended) callbacks_.ended(Outcome());
  return {};
}

TrainedRun TrainingRun::Outcome() {
  TrainedRun outcome;
  outcome.start_file = std::move(start_file_);
  const Dataset& held_out = setup_.images.validation;
  for (size_t i = 0; i < held_out.size(); ++i) {
    outcome.held_out_names.push_back(held_out.name(i)), outcome.held_out.push_back(held_out.image(i).Clone());
  }
  outcome.log = setup_.options.LogPath();
  outcome.steps = state_.step, outcome.best_step = history_.empty() ? state_.step : history_.best_step();
  return outcome;
}

/// Saves before the first step: whatever happens later, there is something to resume.
Status TrainingRun::Begin() {
  saved_ = counted_ = Clock::now();
  if (setup_.options.resume) return validates_anew_ ? ValidateAnew() : Status();
  const bool measures_start = !start_file_.empty() && setup_.validates();
  AECOMP_RETURN_IF_ERROR(measures_start ? RunValidation(start_file_) : RunValidation());
  return saved_step_ < 0 ? Save() : Status();
}

/// A batch, its gradients, and the update of the optimiser. The gradients lie in parameters_ in between.
Status TrainingRun::TakeStep() {
  AECOMP_RETURN_IF_ERROR(EnterPhases());
  const Clock::time_point begin = Clock::now();
  const Batch& crops = loader_->Next();
  StepResult result = model_->ForwardBackward(InputOf(crops), rate_.term());
  AECOMP_RETURN_IF_ERROR(ranks_.Join(result));
  if (!std::isfinite(result.loss)) return NotFinite(state_.step + 1, parameters_, *model_);
  const double norm = adam_->Step(LearningRate(), kClipNorm);
  if (!std::isfinite(norm)) return NotFinite(state_.step + 1, parameters_, *model_);

  window_.Add(result, norm, SecondsSince(begin));
  ++state_.step;
  // Schedule and end of the run follow one clock, which counts what is between the steps as well.
  state_.hours += ranks_.FromFirst(SecondsSince(counted_) / 3600);
  counted_ = Clock::now();
  state_.pixels += int64_t{WholeBatch()} * setup_.options.patch * setup_.options.patch;
  return AfterStep();
}

/// What begins with the next step: the rounding of the integer codec, another rate.
Status TrainingRun::EnterPhases() {
  const std::string from = "from step " + std::to_string(state_.step + 1) + " on ";
  if (!rounds_weights_ && RoundsWeights()) {
    AECOMP_RETURN_IF_ERROR(MakeModel());
    reports_.Say(from + "with the rounding of the integer codec");
  }
  const RateKind wanted = WantedRate();
  if (wanted == rate_.kind()) return {};
  if (wanted != RateKind::kFile) return rate_.UseNoise(wanted);
  const bool begins = state_.y_tables.empty();
  AECOMP_RETURN_IF_ERROR(CountAsFiles());
  if (begins) reports_.Say(from + "with the bits of a file");
  return {};
}

/// Bits are those of the tables that a model exported at the first such step has.
Status TrainingRun::CountAsFiles() {
  if (state_.y_tables.empty()) {
    std::vector<FrequencyRow> rows;
    if (ranks_.leads()) {
      AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, Export());
      AECOMP_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, ParseModel(bytes, "the model in training"));
      rows = model->prior.y_frequencies();
    }
    ranks_.FromFirst(rows);
    state_.y_tables = std::move(rows);
  }
  for (const std::string& name : MakersOfZ(setup_.architecture, parameters_))
    adam_->SetRateScale(name, kZRatePart * setup_.recipe.RateScale(name));
  return rate_.UseFile(state_.y_tables);
}

TrainingBatch TrainingRun::InputOf(const Batch& crops) const {
  const float* x = crops.x.data();
  return {.x = x,
          .target = crops.clean.size() > 0 ? crops.clean.data() : x,
          .quality = crops.quality.data(),
          .seed = MixBits(state_.seed ^ 0xD1CE, static_cast<uint64_t>(state_.step)),
          .first_crop = int64_t{ranks_.rank()} * setup_.options.batch};
}

/// What is due after a step: reports, validation, checkpoints. A checkpoint never comes before the validation of its
/// step, which a resumed run would leave out.
Status TrainingRun::AfterStep() {
  const TrainOptions& options = setup_.options;
  if (IsReportDue(state_.step)) AECOMP_RETURN_IF_ERROR(Report());
  if (options.validate_steps > 0 && state_.step % options.validate_steps == 0) AECOMP_RETURN_IF_ERROR(RunValidation());
  if (ranks_.Any(callbacks_.interrupted && callbacks_.interrupted())) {
    AECOMP_RETURN_IF_ERROR(Save());
    return {StatusCode::kInterrupted,
            "interrupted at step " + std::to_string(state_.step) + "; saved, go on with --resume"};
  }
  const bool due = options.checkpoint_steps > 0 && state_.step % options.checkpoint_steps == 0;
  return ranks_.Any(due || SecondsSince(saved_) > options.checkpoint_minutes * 60.0) ? Save() : Status();
}

Status TrainingRun::End() {
  if (window_.steps > 0) AECOMP_RETURN_IF_ERROR(Report());
  return setup_.validates() && history_.last_step() != state_.step ? RunValidation() : Save();
}

Status TrainingRun::Report() {
  const ReportWindow window = std::exchange(window_, {});
  const TrainProgress progress = ProgressOf(setup_, state_, window, LearningRate(), Progress(), ranks_.count());
  reports_.Progress(progress, state_.hours, window.Mean().z_bpp);
  return window.full() ? losses_.Look(state_.step, progress.loss) : Status();
}

Result<std::vector<uint8_t>> TrainingRun::Export() const {
  return ExportRun(setup_, state_, schedule_, WantedRate(), *adam_, ranks_);
}

Status TrainingRun::RunValidation() {
  if (!setup_.validates()) return {};
  AECOMP_RETURN_IF_ERROR(CheckHealth());
  if (!ranks_.leads()) return RunValidation({});
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, Export());
  return RunValidation(bytes);
}

/// The best model so far, which is the output, is what later ones are compared with.
Status TrainingRun::ValidateAnew() {
  if (!ranks_.leads()) return RunValidation({});
  auto best = ReadFile(setup_.options.output);
  if (best.ok() && ParseModel(best.value(), setup_.options.output).ok()) return RunValidation(best.value());
  return RunValidation();
}

/// Real bytes of the held-out images; the best model so far becomes the output. The checkpoint comes after the model:
/// when the run is killed in between, this validation is repeated.
Status TrainingRun::RunValidation(const std::vector<uint8_t>& bytes) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<ValidationRow> rows, Measure(bytes));
  const bool best = history_.Add(state_.step, rows);
  reports_.Validation(state_, history_, rows, best);
  if (best && ranks_.leads())
    AECOMP_RETURN_IF_ERROR(WriteFileAtomically(setup_.options.output, bytes, /*overwrite=*/true));
  return Save();
}

/// Of a model that the first process has; the others wait for what it measures.
Result<std::vector<ValidationRow>> TrainingRun::Measure(const std::vector<uint8_t>& bytes) {
  const std::vector<int> qualities = ValidationQualities(setup_.architecture.max_quality());
  std::vector<ValidationRow> rows(qualities.size());
  if (ranks_.leads()) {
    AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModel(bytes, "the model in training"));
    AECOMP_ASSIGN_OR_RETURN(
        rows, Validate(std::move(model), setup_.images.ForValidation(), qualities, setup_.Distortion(), setup_.Map()));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].quality = qualities[i];
    for (double* value : {&rows[i].bpp, &rows[i].psnr, &rows[i].loss, &rows[i].score})
      *value = ranks_.FromFirst(*value);
  }
  return rows;
}

Status TrainingRun::Save() {
  AECOMP_RETURN_IF_ERROR(CheckHealth());
  if (ranks_.leads()) AECOMP_RETURN_IF_ERROR(WriteFiles());
  saved_ = Clock::now(), saved_step_ = state_.step;
  return {};
}

/// The checkpoint, and the plot of the log. Without images held out the model as well: then nothing says which is best.
Status TrainingRun::WriteFiles() {
  if (!setup_.validates()) {
    AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, Export());
    AECOMP_RETURN_IF_ERROR(WriteFileAtomically(setup_.options.output, bytes, /*overwrite=*/true));
  }
  state_.validation = history_.ToJson(), state_.images = image_record_;
  AECOMP_RETURN_IF_ERROR(
      WriteCheckpoint(setup_.options.CheckpointPath(), setup_.architecture, parameters_, *adam_, state_));
  return reports_.WritePlot(setup_);
}

/// Whether the next step will see finite numbers: a checkpoint that does not is worse than none.
Status TrainingRun::CheckHealth() {
  const Batch* crops = loader_->Last();
  if (crops == nullptr) return {};
  const StepResult r = model_->Forward(InputOf(*crops), rate_.term());
  return ranks_.Any(!std::isfinite(r.loss)) ? NotFinite(state_.step, parameters_, *model_) : Status();
}

/// To the checkpoint, with half the learning rate; `diverged` with the remedy when that is of no use. Not where several
/// processes train together: their machines need not have the checkpoint.
Status TrainingRun::GoBack(const Status& diverged) {
  if (saved_step_ < 0 || halvings_ == kMostHalvings || ranks_.several())
    return {diverged.code(), diverged.message() + "; " + Remedy()};
  ++halvings_;
  schedule_.peak /= 2, schedule_.last /= 2;
  const double hours = state_.hours;  // those of the steps that are lost count
  for (Parameter& p : parameters_.list()) std::fill(p.grad.begin(), p.grad.end(), 0.f);  // steps add to them
  MakeOptimiser();
  AECOMP_RETURN_IF_ERROR(ReadCheckpoint(setup_.options.CheckpointPath(), parameters_, *adam_, state_));
  state_.hours = hours, state_.settings = CurrentSettings();
  schedule_.warm_up_from = state_.step - adam_->steps();
  reports_.Say(diverged.message() + "; back to step " + std::to_string(state_.step) +
               Format(" with half the learning rate, %g", schedule_.peak));
  if (rate_.kind() == RateKind::kFile && WantedRate() != RateKind::kFile) losses_.Forget();
  rate_ = RatePhase();
  AECOMP_RETURN_IF_ERROR(MakeModel());
  MakeLoader();
  window_ = {};
  return reports_.OpenLog(setup_, state_, /*resume=*/true);
}

/// Of a run that cannot go on.
std::string TrainingRun::Remedy() const {
  const std::string text = saved_step_ < 0 ? "nothing was saved: start again"
                                           : setup_.options.CheckpointPath() + " is that of step " +
                                                 std::to_string(saved_step_) + ": go on from it with --resume";
  return text + Format(" and a smaller --lr than %g", schedule_.peak);
}

}  // namespace aecomp
