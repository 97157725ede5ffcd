// aecomp model: the built-in model, architecture files, models and their weights.
#include <filesystem>
#include <memory>

#include "app/command.h"
#include "app/commands/model_check.h"
#include "app/decode_options.h"
#include "app/options.h"
#include "app/report.h"
#include "app/streams.h"
#include "io/descriptor.h"
#include "io/file.h"
#include "model/codec/model_file.h"
#include "train/data/dataset.h"
#include "train/export/calibration.h"
#include "train/export/export.h"

namespace aecomp {
namespace {

struct ConvertOptions {
  std::string input, output;
  std::vector<std::string> images;
  DecodeOptions decode;
  double reduce = 0.5;
  bool force = false;
};

/// Before any work.
Status CheckOutput(const ConvertOptions& options) {
  std::error_code error;
  if (options.force || IsWrittenInto(options.output)) return {};
  if (!std::filesystem::exists(options.output, error)) return {};
  return UsageError(options.output + ": exists; name another with -o, or overwrite with -f");
}

Status Export(const ConvertOptions& options) {
  AECOMP_RETURN_IF_ERROR(CheckOutput(options));
  AECOMP_ASSIGN_OR_RETURN(const auto model, ReadWeights(options.input));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, SerializeWeights(*model));
  return WriteFileAtomically(options.output, bytes, options.force);
}

/// Weights lack what is computed in integers; its activation ranges come from the images.
Status Import(const ConvertOptions& options) {
  AECOMP_RETURN_IF_ERROR(CheckOutput(options));
  AECOMP_ASSIGN_OR_RETURN(const auto model, ReadWeights(options.input));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListImages(options.images));
  std::vector<std::string> notes;
  const int patch = CalibrationPatchSize(model->architecture);
  AECOMP_ASSIGN_OR_RETURN(Dataset images,
                          Dataset::Load(files, {model->architecture.image_channels, patch, 0, options.decode}, &notes));
  for (const std::string& note : notes) PrintError(note);
  images.set_reduced(options.reduce);
  AECOMP_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                          ExportModel(model->architecture, model->parameters, images, model->provenance));
  return WriteFileAtomically(options.output, bytes, options.force);
}

void AddConversion(const CommandLine& parent, const char* name, const char* help, Status (*run)(const ConvertOptions&),
                   bool with_images, Command& command) {
  auto options = std::make_shared<ConvertOptions>();
  const CommandLine sub = parent.AddCommand(name, help);
  sub.Add("input", options->input, "Model or weights (safetensors)").Required().TypeName("FILE");
  if (with_images) {
    sub.Add("--images", options->images, "Folders of images of the kind that it is for").Required().TypeName("DIR");
    sub.Add("--reduce", options->reduce,
            "Part of the crops that tables are fitted to reduced by up to 2x, for all kinds of images; 0 for a model "
            "that train made from another")
        .Range(0.0, 1.0)
        .ShowDefault();
    AddDecodeOptions(sub, options->decode);
  }
  sub.Add("-o,--output", options->output, "Output file").Required().TypeName("FILE");
  sub.AddFlag("-f,--force", options->force, "Overwrite the output");
  sub.OnChosen([options, run, &command] { command.run = [options, run] { return run(*options); }; });
}

}  // namespace

void AddModel(const CommandLine& app, Command& command) {
  const CommandLine sub = app.AddCommand("model", "List and install models, check architecture files");
  sub.RequireCommand();
  AddModelLibrary(sub, command);

  AddModelCheck(sub, command);
  AddConversion(sub, "export", "A model's weights in f32, for PyTorch and others", Export, false, command);
  AddConversion(sub, "import", "A model from weights", Import, true, command);
}

}  // namespace aecomp
