#include "app/models/model_path.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "io/file.h"
#include "model/base/safetensors.h"
#include "model/codec/model_file.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Also in capitals, as some systems write names.
bool IsModelName(const fs::path& path) { return strcasecmp(path.extension().c_str(), ".aecm") == 0; }

bool HoldsModel(const std::string& path, const ModelId& id) {
  const auto bytes = ReadFile(path, {.is_known = LooksLikeSafetensors});
  return bytes.ok() && HashModel(bytes.value()) == id;
}

}  // namespace

std::string InstalledModelsFolder() {
  if (const std::string data = Variable("XDG_DATA_HOME"); !data.empty()) return data + "/aecomp/models";
  if (const std::string home = Variable("HOME"); !home.empty()) return home + "/.local/share/aecomp/models";
  return "";
}

std::vector<std::string> ModelPlaces() {
  std::vector<std::string> places;
  std::stringstream list(Variable("AECOMP_MODEL_PATH"));
  for (std::string place; std::getline(list, place, ':');) {
    if (!place.empty()) places.push_back(place);
  }
  if (const std::string folder = InstalledModelsFolder(); !folder.empty()) places.push_back(folder);
  return places;
}

std::vector<std::string> ModelFiles(const std::vector<std::string>& places) {
  std::vector<std::string> files;
  for (const std::string& place : places) {
    std::error_code error;
    if (fs::is_regular_file(place, error)) files.push_back(place);
    std::vector<std::string> found;
    for (fs::directory_iterator it(place, error), end; !error && it != end; it.increment(error)) {
      if (IsModelName(it->path()) && it->is_regular_file(error)) found.push_back(it->path());
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::optional<std::string> FindModelFile(const ModelId& id) {
  std::vector<std::string> files = ModelFiles(ModelPlaces());
  // Installed models bear their identity as name: look there before reading all others.
  const auto is_named = [&](const std::string& file) { return fs::path(file).stem() == ToHex(id); };
  std::stable_partition(files.begin(), files.end(), is_named);
  const auto found = std::find_if(files.begin(), files.end(), [&](const auto& file) { return HoldsModel(file, id); });
  if (found == files.end()) return std::nullopt;
  return *found;
}

}  // namespace aecomp
