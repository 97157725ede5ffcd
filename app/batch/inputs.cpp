#include "app/batch/inputs.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

#include "app/batch/name_list.h"
#include "app/streams.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxListBytes = uint64_t{256} << 20;

/// Why an entry of a folder is passed over; empty: it is an input, or a folder, which is searched in its turn. denied:
/// is set where what it is cannot be seen. A file that vanishes meanwhile is none.
std::string WhyNot(const fs::directory_entry& entry, const BatchKind& kind, std::error_code& denied) {
  std::error_code error;
  const fs::file_status status = entry.status(error);
  if (error == std::errc::permission_denied) denied = error;
  if (fs::is_directory(status)) return entry.is_symlink(error) ? "a link to a folder, which is not followed" : "";
  if (fs::is_regular_file(status)) return kind.is_input(entry.path()) ? "" : "its name is not that of " + kind.input;
  return entry.is_symlink(error) ? "a link to nothing" : "no regular file";
}

/// A folder below it that cannot be opened ends the run before any work: leaving its images out would lose them.
Status SearchFolder(const std::string& folder, const BatchKind& kind, Inputs& inputs) {
  std::error_code error;
  std::vector<Input> found;
  std::vector<std::string> others;
  fs::recursive_directory_iterator it(folder, error), end;
  for (; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const std::string why = WhyNot(*it, kind, error);
    if (error) break;
    if (!why.empty()) {
      others.push_back(it->path().string() + ": passed over: " + why);
    } else if (it->is_regular_file(ignored)) {
      found.push_back({it->path(), it->path().lexically_relative(folder), {}});
    }
  }
  if (error) {
    return InputError(folder + ": cannot be searched, or a folder below it: " + error.message() +
                      "; check the permissions, or name what is to be searched");
  }
  if (found.empty()) {
    return UsageError(folder + ": holds no files of the kind that is looked for, " + kind.input +
                      (others.empty() ? "" : " (" + std::to_string(others.size()) + " of other kinds)"));
  }
  std::sort(found.begin(), found.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
  std::sort(others.begin(), others.end());
  std::move(found.begin(), found.end(), std::back_inserter(inputs.files));
  std::move(others.begin(), others.end(), std::back_inserter(inputs.passed_over));
  return {};
}

/// The same text for the same file, however its folder was named. A link is a file of its own: a tree is mirrored
/// whole.
std::string Identity(const Input& input) {
  std::error_code error;
  const fs::path path = input.path;
  const fs::path folder = fs::canonical(fs::absolute(path).parent_path(), error);
  return error ? input.path : (folder / path.filename()).string();
}

/// Keeps the first of several that are the same file.
void MergeEqual(std::vector<Input>& inputs) {
  std::map<std::string, size_t> first;
  std::vector<Input> kept;
  for (Input& input : inputs) {
    const auto [known, is_new] = first.emplace(Identity(input), kept.size());
    if (is_new || IsStream(input.path)) {
      kept.push_back(std::move(input));
    } else {
      kept[known->second].also.push_back(std::move(input.path));
    }
  }
  inputs = std::move(kept);
}

}  // namespace

Result<Inputs> CollectInputs(const BatchOptions& options, const BatchKind& kind) {
  std::vector<std::string> names = options.inputs;
  if (!options.files_from.empty()) {
    AECOMP_ASSIGN_OR_RETURN(const auto list, ReadInput(options.files_from, {.max_bytes = kMaxListBytes}));
    const std::string name = IsStream(options.files_from) ? "stdin" : options.files_from;
    if (IsWideText(list)) {
      return InputError(name + ": is UTF-16 or UTF-32 text; make it UTF-8, as with iconv -f UTF-16 -t UTF-8");
    }
    const std::vector<std::string> listed = ParseNameList(list);
    names.insert(names.end(), listed.begin(), listed.end());
  }
  if (names.empty()) return UsageError("no input; name files, or folders with -r, or a list with --files-from");
  Inputs inputs;
  for (const std::string& name : names) {
    std::error_code error;
    if (!options.recursive || IsStream(name) || !fs::is_directory(name, error)) {
      inputs.files.push_back({name, "", {}});
      continue;
    }
    AECOMP_RETURN_IF_ERROR(SearchFolder(name, kind, inputs));
  }
  MergeEqual(inputs.files);
  return inputs;
}

}  // namespace aecomp
