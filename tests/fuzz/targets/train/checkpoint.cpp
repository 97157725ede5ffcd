// Checkpoints of training, as --resume reads them.
#include "train/run/checkpoint.h"

#include <unistd.h>

#include <filesystem>

#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/safetensors.h"
#include "train/optimiser/recipe.h"

namespace aecomp::fuzz {
namespace {

/// One convolution: a checkpoint of it has all that one of a large network has.
constexpr const char* kSmall = R"({"name": "small", "image_channels": 1, "lambdas": [0.01, 0.05],
  "encoder": [{"type": "conv2d", "name": "a", "in": 1, "out": 2, "kernel": 2, "stride": 2}],
  "decoder": [{"type": "conv_transpose2d", "name": "b", "in": 2, "out": 1, "kernel": 2, "stride": 2}],
  "prior": {"type": "factorized"}})";

struct Training {
  Architecture architecture;
  Parameters parameters;
  Adam adam;

  explicit Training(Architecture a, Parameters p)
      : architecture(std::move(a)), parameters(std::move(p)), adam(parameters, {}) {}
};

std::unique_ptr<Training> NewTraining() {
  Parameters parameters;
  parameters.FindOrAdd("a.weight", {2, 1, 2, 2});
  parameters.FindOrAdd("a.bias", {2});
  return std::make_unique<Training>(ReadArchitecture(kSmall, "small").value(), std::move(parameters));
}

/// A file of this process that is removed with it.
class TemporaryFile {
 public:
  TemporaryFile() : path_(std::filesystem::temp_directory_path() / ("aecomp-fuzz-" + std::to_string(getpid()))) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

bool Accepts(View input) {
  static const TemporaryFile file;
  if (input.empty() || !WriteFileAtomically(file.path(), input, /*overwrite=*/true).ok()) return false;
  const auto architecture = CheckpointArchitecture(file.path());
  const auto numbers = ReadTrainState(file.path());
  const std::unique_ptr<Training> training = NewTraining();
  TrainState state;
  const Status status = ReadCheckpoint(file.path(), training->parameters, training->adam, state);
  for (const Status& s : {architecture.status(), numbers.status(), status}) {
    if (s.ok()) continue;
    Promise(s.code() == StatusCode::kModel, "a checkpoint is at fault");
    PromiseMessage(s.message());
  }
  if (!status.ok() || !architecture.ok() || !numbers.ok()) return false;
  for (const Parameter& p : training->parameters.list()) {
    Promise(p.value.size() == static_cast<size_t>(p.size()), "a parameter has as many values as its shape says");
  }
  return true;
}

std::vector<Bytes> Seeds() {
  const TemporaryFile file;
  const std::unique_ptr<Training> training = NewTraining();
  TrainState state;
  state.step = 3, state.history = std::string("[]"), state.settings = std::string("{}");
  const Status status =
      WriteCheckpoint(file.path(), training->architecture, training->parameters, training->adam, state);
  Promise(status.ok(), "a checkpoint can be written");
  return {ReadFile(file.path()).value()};
}

}  // namespace

Target CheckpointTarget() { return {"checkpoint", Accepts, Seeds, MutateSafetensors}; }

}  // namespace aecomp::fuzz
