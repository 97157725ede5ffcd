#include "train/run/starting_point.h"

#include "io/file.h"
#include "model/entropy/coding_check.h"
#include "train/run/checkpoint.h"

namespace aecomp {

Result<std::string> ReadArchitectureText(const std::string& path) {
  constexpr uint64_t kMaxText = 16 << 20;
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, ReadFile(path, kMaxText));
  return std::string(bytes.begin(), bytes.end());
}

Result<StartingPoint> FindStartingPoint(const TrainOptions& options, const std::string& checkpoint) {
  StartingPoint start;
  std::string text, name = options.architecture;
  if (options.resume) {
    name = checkpoint;
    AECOMP_ASSIGN_OR_RETURN(text, CheckpointArchitecture(name));
  } else if (!options.init.empty() && options.init != "none") {
    AECOMP_ASSIGN_OR_RETURN(start.model, ReadModel(options.init));
    AECOMP_ASSIGN_OR_RETURN(start.file, ReadFile(options.init));
  } else if (options.init.empty() && options.architecture.empty() && !EmbeddedModelFile().empty()) {
    AECOMP_ASSIGN_OR_RETURN(start.model, ParseModel(EmbeddedModelFile(), "the embedded model"));
    start.file.assign(EmbeddedModelFile().begin(), EmbeddedModelFile().end());
  }
  if (text.empty() && !options.architecture.empty()) {
    AECOMP_ASSIGN_OR_RETURN(text, ReadArchitectureText(options.architecture));
  } else if (text.empty() && start.model) {
    text = start.model->architecture.json, name = "the model's architecture";
  } else if (text.empty() && !EmbeddedModelFile().empty()) {
    AECOMP_ASSIGN_OR_RETURN(const auto model, ParseModel(EmbeddedModelFile(), "the embedded model"));
    text = model->architecture.json, name = "the embedded architecture";
  } else if (text.empty()) {
    return UsageError(
        "this program was built without a model: name an architecture with --arch (data/arch/release.json)");
  }
  AECOMP_ASSIGN_OR_RETURN(start.architecture, ParseArchitecture(text, name));
  AECOMP_ASSIGN_OR_RETURN(start.recipe, ParseRecipe(start.architecture));
  return start;
}

Status CopyParameters(const Model& model, Parameters& parameters) {
  for (Parameter& p : parameters.list()) {
    const Parameter* from = model.parameters.Find(p.name);
    if (from == nullptr || from->dims != p.dims) {
      return ModelError("the model to start from has no parameter \"" + p.name +
                        "\" of the architecture's shape; leave out --arch or --init");
    }
    p.value = from->value;
  }
  parameters.MarkChanged();
  return {};
}

}  // namespace aecomp
