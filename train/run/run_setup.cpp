#include "train/run/run_setup.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/base/json_text.h"
#include "model/entropy/coding_check.h"
#include "model/network/graph.h"
#include "train/loss/fake_quantisation.h"
#include "train/loss/tiled_network.h"
#include "train/loss/visual_distortion.h"
#include "train/run/checkpoint.h"
#include "train/run/format.h"
#include "train/run/memory.h"
#include "train/run/settings.h"
#include "train/run/starting_point.h"
#include "train/run/training_plan.h"

namespace aecomp {
namespace {

/// Share of the memory that the images leave free; the rest is for the export and validation of models, and for other
/// programs.
constexpr double kTrainingPart = 0.7;
constexpr int kMostCrops = 65536;  // of a step: see BatchLoader

Status CheckOptions(const TrainOptions& o) {
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

Status OfAnotherRun(const std::string& checkpoint, const std::string& what) {
  return UsageError(checkpoint + ": is of a run " + what +
                    "; leave that option out to go on with it, or start a new run");
}

/// What belongs to the beginning of a run can be given again when it goes on, but no other than it was.
Status CheckBeginning(const std::string& checkpoint, const TrainState& state, const TrainOptions& options) {
  if (options.seed && *options.seed != state.seed) {
    return OfAnotherRun(checkpoint, "with --seed " + std::to_string(state.seed));
  }
  // The checkpoint has the name as JSON keeps it: what is no UTF-8 in it is replaced.
  const std::string name = options.init == "none" ? options.init : FileName(options.init);
  const std::string start = nlohmann::json::parse(JsonText(nlohmann::json(name)));
  if (!options.init.empty() && start != state.start) {
    return OfAnotherRun(checkpoint, state.start == "none" ? "with --init none" : "that began with " + state.start);
  }
  if (options.architecture.empty()) return {};
  AECOMP_ASSIGN_OR_RETURN(const std::string given, ReadArchitectureText(options.architecture));
  AECOMP_RETURN_IF_ERROR(ParseArchitecture(given, options.architecture).status());
  AECOMP_ASSIGN_OR_RETURN(const std::string kept, CheckpointArchitecture(checkpoint));
  const auto json = [](const std::string& text) {
    return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  };
  if (json(given) == json(kept)) return {};
  return OfAnotherRun(checkpoint, "with another architecture than --arch " + options.architecture);
}

/// Takes what the user left open from the checkpoint.
Result<TrainState> ResumedState(const std::string& checkpoint, const Say& say, TrainOptions& options) {
  AECOMP_ASSIGN_OR_RETURN(TrainState state, ReadTrainState(checkpoint));
  AECOMP_RETURN_IF_ERROR(CheckBeginning(checkpoint, state, options));
  if (const Status status = AdoptSettings(state.settings, options); !status.ok())
    return Status(status.code(), checkpoint + ": " + status.message());
  if (options.bfloat16 && !HasBfloat16()) {
    say("this CPU does not multiply bfloat16: going on in f32");
    options.bfloat16 = false;
  }
  return state;
}

/// All processes choose sizes for the machine that has the least memory.
double FreeMemory(Ranks& ranks) { return ranks.Least(static_cast<double>(AvailableMemory())); }

/// Chooses the sizes of crops and batches where they are open.
Status ChooseSizes(const Architecture& architecture, const Dataset& images, Ranks& ranks, const Say& say,
                   TrainOptions& options) {
  const auto memory = static_cast<int64_t>(kTrainingPart * FreeMemory(ranks));
  AECOMP_ASSIGN_OR_RETURN(const TrainingPlan plan,
                          PlanTraining(architecture, images, memory, options.batch, options.patch));
  options.batch = plan.batch, options.patch = plan.patch;
  FitToTiles(architecture, options.batch, options.patch);
  const int whole = options.batch * ranks.count();
  if (whole > kMostCrops) {
    return UsageError("a step of all processes would have " + std::to_string(whole) + " crops, more than " +
                      std::to_string(kMostCrops) + "; use a smaller --batch");
  }
  std::string text = "steps of " + std::to_string(whole) + " crops of " + std::to_string(options.patch) + "x" +
                     std::to_string(options.patch) + " pixels, ";
  if (ranks.several()) text += "shared by " + std::to_string(ranks.count()) + " processes, each ";
  say(text + Format("about %.1f GB of memory, learning rate %g", plan.bytes / 1e9, options.learning_rate));
  if (HasBfloat16() && !options.bfloat16) say("this CPU multiplies bfloat16: --bf16 makes steps shorter");
  return {};
}

Status CheckArchitectureSuits(const Architecture& architecture, const TrainOptions& options) {
  if (options.fake_quantise < 1) AECOMP_RETURN_IF_ERROR(FakeQuantisation::Create(architecture).status());
  if (options.file_rate < 1 && architecture.prior != PriorType::kHyperprior)
    return UsageError("--file-rate: \"" + architecture.name + "\" has no hyperprior; leave it out");
  return {};
}

}  // namespace

Result<PreparedRun> PrepareRun(TrainOptions options, Ranks& ranks, const Say& say) {
  const std::string checkpoint = options.CheckpointPath();
  PreparedRun run;
  if (options.resume) {
    AECOMP_ASSIGN_OR_RETURN(run.state, ResumedState(checkpoint, say, options));
  }
  AECOMP_RETURN_IF_ERROR(CheckOptions(options));
  AECOMP_ASSIGN_OR_RETURN(StartingPoint start, FindStartingPoint(options, checkpoint));
  if (!options.resume) {
    run.state.start = !start.model ? "none" : options.init.empty() ? "released model" : FileName(options.init);
    run.state.seed = options.seed.value_or(kSeed);
  }
  ApplyDefaults(run.state.start != "none", start.architecture.prior, FreeMemory(ranks), options);
  AECOMP_RETURN_IF_ERROR(CheckPatch(start.architecture, options.patch));
  const int smallest = options.patch > 0 ? options.patch : CropUnit(start.architecture);
  TrainingImages images;
  AECOMP_ASSIGN_OR_RETURN(images, LoadTrainingImages(options, start.architecture.image_channels, smallest, say));
  AECOMP_RETURN_IF_ERROR(ChooseSizes(start.architecture, images.training, ranks, say, options));
  AECOMP_RETURN_IF_ERROR(DropSmall(images, options.patch, say));
  AECOMP_RETURN_IF_ERROR(CheckArchitectureSuits(start.architecture, options));
  run.setup = {std::move(options), std::move(start.architecture), std::move(start.recipe), std::move(images)};
  run.model = std::move(start.model), run.start_file = std::move(start.file);
  return run;
}

DistortionFactory RunSetup::Distortion() const {
  return options.tune == Tune::kPsnr ? SquaredError::Make : VisualDistortion::Factory(recipe.distortion);
}

QualityMap RunSetup::Map() const {
  if (options.tune == Tune::kPsnr || architecture.prior != PriorType::kHyperprior) return {};
  return VisualQualityMap(architecture.usual_channels());
}

std::string DescribeForRanks(const RunSetup& setup, const TrainState& state) {
  std::string text = setup.architecture.json + state.settings + std::to_string(state.step);
  const Dataset& images = setup.images.training;
  for (size_t i = 0; i < images.size(); ++i) {
    const Image& image = images.image(i);
    for (int number : {image.width, image.height, image.bits}) text += ' ' + std::to_string(number);
    text += FileName(images.name(i));
  }
  return text;
}

}  // namespace aecomp
