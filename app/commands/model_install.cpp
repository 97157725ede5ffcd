// aecomp model install, aecomp model list: the models that decompress finds by itself.
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/models/model_path.h"
#include "app/models/model_report.h"
#include "app/options.h"
#include "app/report.h"
#include "app/streams.h"
#include "model/base/json_text.h"
#include "model/base/safetensors.h"
#include "model/codec/model_file.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

Status Install(const std::string& file) {
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(file, {.is_known = LooksLikeSafetensors}));
  AECOMP_ASSIGN_OR_RETURN(const auto model, ParseModel(bytes, file));
  const std::string folder = InstalledModelsFolder();
  if (folder.empty()) return WriteError("no place to install to: set HOME or XDG_DATA_HOME");
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder, error)) return WriteError(folder + ": cannot make this folder; set XDG_DATA_HOME");
  const std::string path = folder + "/" + ToHex(model->id) + ".aecm";
  AECOMP_RETURN_IF_ERROR(WriteFileAtomically(path, bytes, /*overwrite=*/true));
  PrintStdout(path + "\n");
  return {};
}

void PrintModel(const std::string& name, const Model& model, size_t bytes, bool json) {
  nlohmann::ordered_json description = DescribeModel(model, bytes);
  if (!json) return PrintStdout(name + "\n" + ModelText(description));
  description["file"] = name;
  PrintStdout(JsonText(description) + "\n");
}

Status List(const TalkOptions& talk) {
  const auto built_in = EmbeddedModelFile();
  if (!built_in.empty()) {
    AECOMP_ASSIGN_OR_RETURN(const auto model, ParseModel(built_in, "the built-in model"));
    PrintModel("built-in", *model, built_in.size(), talk.json);
  } else if (!talk.quiet) {
    PrintError("this program was built without a model");
  }
  Status last;
  for (const std::string& file : ModelFiles(ModelPlaces())) {
    const auto bytes = ReadInput(file, {.is_known = LooksLikeSafetensors});
    const auto model = bytes.ok() ? ParseModel(bytes.value(), file) : bytes.status();
    if (!model.ok()) {
      PrintError(model.status().message());
      last = Status(model.status().code(), "");
      continue;
    }
    PrintModel(file, *model.value(), bytes.value().size(), talk.json);
  }
  return last;
}

}  // namespace

void AddModelLibrary(const CommandLine& model, Command& command) {
  auto talk = std::make_shared<TalkOptions>();
  const CommandLine list = model.AddCommand("list", "The built-in model and those that are installed");
  AddTalkOptions(list, *talk);
  list.OnChosen([talk, &command] { command.run = [talk] { return List(*talk); }; });

  auto file = std::make_shared<std::string>();
  const CommandLine install = model.AddCommand("install", "Copy a model to where decompress finds it by itself");
  install.Add("model", *file, "Model file").Required().TypeName("FILE");
  install.OnChosen([file, &command] { command.run = [file] { return Install(*file); }; });
}

}  // namespace aecomp
