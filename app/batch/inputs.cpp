#include "app/batch/inputs.h"

#include <algorithm>
#include <filesystem>

#include "app/streams.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// Names that are ended by NUL if there is any, else by line ends. Empty ones are left out.
Result<std::vector<std::string>> ReadList(const std::string& file) {
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadInput(file));
  const bool has_nul = std::find(bytes.begin(), bytes.end(), 0) != bytes.end();
  const uint8_t end_of_name = has_nul ? 0 : '\n';
  std::vector<std::string> names;
  for (auto begin = bytes.begin(); begin != bytes.end();) {
    const auto end = std::find(begin, bytes.end(), end_of_name);
    std::string name(begin, end);
    if (!has_nul && name.ends_with('\r')) name.pop_back();
    if (!name.empty()) names.push_back(std::move(name));
    begin = end == bytes.end() ? end : end + 1;
  }
  return names;
}

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
    AECOMP_ASSIGN_OR_RETURN(const auto listed, ReadList(options.files_from));
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
