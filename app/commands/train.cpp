// aecomp train: a model of your own from folders of images.
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/command.h"
#include "app/decode_options.h"
#include "app/guard.h"
#include "app/interrupt.h"
#include "app/options.h"
#include "app/output_check.h"
#include "app/progress.h"
#include "app/report.h"
#include "app/report/training_report.h"
#include "io/descriptor.h"
#include "train/run/trainer.h"

namespace aecomp {
namespace {

/// Long enough for a model of one's own overnight; what was learnt is saved all the while.
constexpr double kDefaultHours = 8;

struct TrainCommand {
  TrainOptions train;
  std::string time;
  ProgressMode progress = ProgressMode::kAuto;
  bool quiet = false, force = false, no_report = false;
};

std::string ProgressText(const TrainProgress& p) {
  std::string text = Format("step %ld", static_cast<long>(p.step));
  if (p.total_steps > 0) text += Format("/%ld", static_cast<long>(p.total_steps));
  return text + Format("  loss %.4f  %.3f bpp  %.2f dB  %.1f images/s  %s left", p.loss, p.bpp, p.psnr,
                       p.images_per_second, HumanDuration(p.seconds_left).c_str());
}

std::string PageOf(const TrainOptions& o) { return o.output + ".report.html"; }

/// The model is finished, whatever happens here.
void Report(const TrainedRun& run, const TrainCommand& options, const TrainCallbacks& callbacks, ProgressLine& line) {
  EvaluationTalk talk;
  talk.progress = [&](const std::string& text) { line.Show("report: " + text); };
  talk.message = callbacks.message, talk.interrupted = Interrupted;
  const TrainingReportPlan plan{options.train.output, PageOf(options.train), options.train.threads};
  const Status status = Guarded(plan.page, [&] { return WriteTrainingReport(run, plan, talk); });
  if (!status.ok()) line.Message("no report: " + status.message());
}

/// Before the work. A run that goes on replaces what is its own; a log that was named must be one.
Status CheckOutputs(const TrainCommand& options) {
  const TrainOptions& o = options.train;
  if (IsWrittenInto(o.output)) {
    return UsageError(o.output + ": is a stream or a device; name a file with -o, for the model is written many times");
  }
  OutputCheck check(options.force || o.resume, "go on with --resume, or overwrite with -f");
  if (o.init != "none") check.AddInput(o.init);
  check.AddInput(o.architecture);
  for (const std::string& output : {o.output, o.CheckpointPath(), o.LogPath(), o.LogPlotPath(), PageOf(o)}) {
    if (output == PageOf(o) && options.no_report) continue;
    AECOMP_RETURN_IF_ERROR(check.AddOutput(output));
  }
  std::ifstream log;
  if (o.resume && !o.log.empty() && !IsWrittenInto(o.log)) log.open(o.log);
  const int first = log.is_open() ? log.get() : EOF;
  return first == EOF || first == '{' ? Status()
                                      : UsageError(o.log + ": exists, and is no log of training; name another");
}

Status RunTrain(TrainCommand& options) {
  TrainOptions& train = options.train;
  if (!options.time.empty()) {
    AECOMP_ASSIGN_OR_RETURN(train.hours, ParseHours(options.time));
  } else if (train.steps == 0 && !train.resume) {
    train.hours = kDefaultHours;
  }
  AECOMP_RETURN_IF_ERROR(CheckOutputs(options));
  InterruptSetsFlag();
  train.threads = ThreadCount(train.threads);
  UseThreads(train.threads);
  ProgressLine line(options.quiet ? ProgressMode::kNever : options.progress);
  TrainCallbacks callbacks;
  callbacks.progress = [&](const TrainProgress& progress) { line.Show(ProgressText(progress)); };
  callbacks.message = [&](const std::string& message) {
    if (!options.quiet) line.Message(message);
  };
  callbacks.interrupted = Interrupted;
  std::optional<TrainedRun> trained;
  if (!options.no_report) callbacks.ended = [&](TrainedRun run) { trained = std::move(run); };
  Status status = Train(train, callbacks);
  if (status.ok() && trained) Report(*trained, options, callbacks, line);
  line.Finish();
  return status;
}

void AddTrainingOptions(const CommandLine& sub, TrainCommand& options) {
  TrainOptions& o = options.train;
  const std::map<std::string, Tune> tunes = {{"visual", Tune::kVisual}, {"psnr", Tune::kPsnr}};
  sub.Add("folder", o.folders, "Folders of training images, searched recursively").Required().TypeName("DIR");
  sub.Add("--val", o.validation_folder, "Images to validate on; else some of the training images are held out")
      .TypeName("DIR");
  sub.Add("-o,--output", o.output, "The model: the best so far on held-out images").ShowDefault().TypeName("FILE");
  sub.AddFlag("-f,--force", options.force, "Overwrite the output");
  sub.AddFlag("--no-report", options.no_report, "Write no page that shows the run and what it gained");
  sub.AddFlag("--resume", o.resume,
              "Continue from the checkpoint beside the output, with its settings where none are given");
  sub.Add("--init", o.init, "Model to start from, or none; default: the built-in one").TypeName("FILE|none");
  sub.Add("--arch", o.architecture, "Architecture file (JSON)").TypeName("FILE");
  sub.AddChoice("--tune", o.tune,
                "What to train for: visual, what eyes see, or psnr, the squared error; default: visual", tunes)
      .TypeName("WHAT");
  const Option steps = sub.Add("--steps", o.steps, "Training steps in all").Positive();
  sub.Add("--time", options.time, "Training time in all, as in 90m or 8h (default 8h)").Excludes(steps);
  sub.Add("--batch", o.batch, "Crops a step; default: 6 of 192 pixels or as many pixels, less if memory is short")
      .Range(1, 1024);
  sub.Add("--patch", o.patch, "Crop size in pixels; default: 192, or what most images hold").Range(1, 4096);
  sub.Add("--lr", o.learning_rate, "Peak learning rate; default: 6e-4 from a trained model, 1e-3 from none").Positive();
  sub.Add("--final-lr", o.last_rate, "Learning rate at the end; default: a fiftieth of the peak").Positive();
  sub.Add("--reduce", o.reduce,
          "Part of the crops reduced by up to 2x, for all kinds of images; default: 0 from a trained model, else 0.5")
      .Range(0.0, 1.0);
  sub.AddFlag(
      "--bf16", o.bfloat16,
      "Multiply in bfloat16 on CPUs that have it (avx512_bf16, amx_bf16): shorter steps, about the same result");
  sub.Add("--noise", o.noise, "Learn to denoise: Gaussian noise of this deviation, in 1/255, on what is coded")
      .Range(0.0, 255.0);
  sub.Add("--fake-quantise", o.fake_quantise,
          "Train with the rounding of the integer codec after this part of the run; default: 1, never")
      .Range(0.0, 1.0);
  sub.Add("--file-rate", o.file_rate,
          "After this part of the run, of a model with 10,000 steps, count bits as files have them; from a trained "
          "model after two validations without a gain at the latest; 1: never; default: 0.8")
      .Range(0.0, 1.0);
  sub.Add("--patience", o.patience, "Stop after so many validations without 0.2 % less loss; 0: never; default 10")
      .Range(0, 1000000);
  sub.Add("--seed", o.seed, "Seed of everything random").ShowDefault("1");
  sub.Add("--checkpoint-minutes", o.checkpoint_minutes, "Minutes between checkpoints").Range(1, 100000).ShowDefault();
  sub.Add("--checkpoint-steps", o.checkpoint_steps, "Steps between checkpoints, if that comes first")
      .Positive()
      .Hidden();
  sub.Add("--validate-steps", o.validate_steps,
          "Steps between validations with real bytes; 0: at start and end only; default 500")
      .Range(0, 100000000);
  sub.Add("--log", o.log, "JSON Lines; default: beside the output").TypeName("FILE");
}

}  // namespace

void AddTrain(const CommandLine& app, Command& command) {
  auto options = std::make_shared<TrainCommand>();
  const CommandLine sub = app.AddCommand("train", "Train a model on your own images");
  AddTrainingOptions(sub, *options);
  AddDecodeOptions(sub, options->train.decode);
  AddThreadsOption(sub, options->train.threads, "with 1 and --steps a run can be repeated to the byte");
  AddProgressOption(sub, options->progress);
  sub.AddFlag("--quiet", options->quiet, "Print errors only");
  sub.OnChosen([options, &command] { command.run = [options] { return RunTrain(*options); }; });
}

}  // namespace aecomp
