#include "app/batch/inputs.h"

#include <algorithm>
#include <filesystem>

#include "app/batch/name_list.h"
#include "app/streams.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// A folder below it that cannot be opened ends the run before any work: leaving its images out would lose them.
Status SearchFolder(const std::string& folder, const BatchKind& kind, std::vector<Input>& inputs) {
  std::error_code error;
  std::vector<Input> found;
  fs::recursive_directory_iterator it(folder, error), end;
  for (; !error && it != end; it.increment(error)) {
    std::error_code ignored;  // a file that vanishes meanwhile is none
    if (!it->is_regular_file(ignored) || !kind.is_input(it->path())) continue;
    found.push_back({it->path(), it->path().lexically_relative(folder)});
  }
  if (error) {
    return InputError(folder + ": cannot be searched, or a folder below it: " + error.message() +
                      "; check the permissions, or name what is to be searched");
  }
  if (found.empty()) return UsageError(folder + ": holds no files of the kind that is looked for");
  std::sort(found.begin(), found.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
  inputs.insert(inputs.end(), found.begin(), found.end());
  return {};
}

}  // namespace

Result<std::vector<Input>> CollectInputs(const BatchOptions& options, const BatchKind& kind) {
  std::vector<std::string> names = options.inputs;
  if (!options.files_from.empty()) {
    AECOMP_ASSIGN_OR_RETURN(const auto list, ReadInput(options.files_from));
    const std::vector<std::string> listed = ParseNameList(list);
    names.insert(names.end(), listed.begin(), listed.end());
  }
  if (names.empty()) return UsageError("no input; name files, or folders with -r, or a list with --files-from");
  std::vector<Input> inputs;
  for (const std::string& name : names) {
    std::error_code error;
    if (!options.recursive || IsStream(name) || !fs::is_directory(name, error)) {
      inputs.push_back({name, ""});
      continue;
    }
    AECOMP_RETURN_IF_ERROR(SearchFolder(name, kind, inputs));
  }
  return inputs;
}

}  // namespace aecomp
