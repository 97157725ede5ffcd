#include "app/batch/plan.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "app/batch/inputs.h"
#include "app/streams.h"
#include "io/descriptor.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// The same text for the same file, however it was named.
std::string Canonical(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::string OutputName(const BatchOptions& options, const Input& input, const std::string& extension) {
  if (!options.output.empty()) return options.output;
  if (IsStream(input.path)) return options.output_dir.empty() ? "-" : options.output_dir + "/stdin" + extension;
  const fs::path name = fs::path(input.path).replace_extension(extension);
  if (options.output_dir.empty()) return name.string();
  const fs::path below = input.below.empty() ? name.filename() : fs::path(input.below).replace_extension(extension);
  return (fs::path(options.output_dir) / below).string();
}

Status CheckStreams(const BatchOptions& options, const std::vector<PlannedFile>& plan) {
  const auto from_stdin = [](const PlannedFile& file) { return IsStream(file.input); };
  const bool list_from_stdin = IsStream(options.files_from);
  const auto to_stdout = [](const PlannedFile& file) { return IsStdout(file.output); };
  if (std::count_if(plan.begin(), plan.end(), from_stdin) + list_from_stdin > 1)
    return UsageError("-: stdin can be read only once");
  if (std::any_of(plan.begin(), plan.end(), from_stdin) && isatty(STDIN_FILENO)) {
    return UsageError("-: stdin is a terminal; pipe a file into it");
  }
  const auto to_terminal = [](const PlannedFile& file) { return IsTerminal(file.output); };
  const auto stdout_user = std::find_if(plan.begin(), plan.end(), to_stdout);
  if (stdout_user != plan.end() && options.talk.json) {
    return UsageError(stdout_user->output + ": stdout carries the output, so it cannot carry --json too");
  }
  const auto terminal_user = std::find_if(plan.begin(), plan.end(), to_terminal);
  if (terminal_user != plan.end() && !options.force) {
    return UsageError(terminal_user->output + ": is a terminal; redirect it, name a file with -o, or insist with -f");
  }
  return {};
}

Status CheckCollisions(const std::vector<PlannedFile>& plan) {
  std::map<std::string, std::string> inputs, outputs;  // canonical name -> name given
  for (const PlannedFile& file : plan) {
    if (!IsStream(file.input)) inputs[Canonical(file.input)] = file.input;
  }
  for (const PlannedFile& file : plan) {
    if (IsStream(file.output) || IsWrittenInto(file.output)) continue;
    const std::string canonical = Canonical(file.output);
    if (inputs.count(canonical))
      return UsageError(file.output + ": is both input and output; name another with -o or -O");
    const auto [other, inserted] = outputs.emplace(canonical, file.input);
    if (!inserted) {
      return UsageError(file.output + ": would be the output of both " + other->second + " and " + file.input +
                        "; rename one, or give each a run and a folder of its own with -O");
    }
  }
  return {};
}

Status CheckExisting(const BatchOptions& options, std::vector<PlannedFile>& plan) {
  std::string first;
  size_t count = 0;
  for (PlannedFile& file : plan) {
    if (IsStream(file.output) || IsWrittenInto(file.output)) continue;
    std::error_code error;
    if (fs::is_directory(file.output, error)) return UsageError(file.output + ": is a folder; give it with -O");
    if (options.force || !Exists(file.output)) continue;
    file.skip = options.skip_existing;
    if (file.skip) continue;
    if (count++ == 0) first = file.output;
  }
  if (count == 0) return {};
  const std::string more = count > 1 ? " (and " + std::to_string(count - 1) + " more outputs)" : "";
  return UsageError(
      first + ": exists" + more +
      "; name another with -o, another folder with -O, or overwrite with -f (--skip-existing leaves such files alone)");
}

Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    return WriteError(folder.string() + ": cannot make this folder: " + (error ? error.message() : "a file is there"));
  }
  return {};
}

/// The output folder, and what it mirrors.
Status MakeFolders(const BatchOptions& options, const std::vector<PlannedFile>& plan) {
  if (options.output_dir.empty()) return {};
  AECOMP_RETURN_IF_ERROR(MakeFolder(options.output_dir));
  std::set<fs::path> folders;
  for (const PlannedFile& file : plan) {
    if (!IsStream(file.output)) folders.insert(fs::path(file.output).parent_path());
  }
  for (const fs::path& folder : folders) AECOMP_RETURN_IF_ERROR(MakeFolder(folder));
  return {};
}

}  // namespace

Result<std::vector<PlannedFile>> PlanBatch(const BatchOptions& options, const BatchKind& kind) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Input> inputs, CollectInputs(options, kind));
  if (inputs.size() > 1 && !options.output.empty()) {
    return UsageError("-o " + options.output + ": one output for several inputs; give a folder with -O");
  }
  std::vector<PlannedFile> plan;
  for (const Input& input : inputs) plan.push_back({input.path, OutputName(options, input, kind.extension)});
  AECOMP_RETURN_IF_ERROR(CheckStreams(options, plan));
  AECOMP_RETURN_IF_ERROR(CheckCollisions(plan));
  AECOMP_RETURN_IF_ERROR(CheckExisting(options, plan));
  AECOMP_RETURN_IF_ERROR(MakeFolders(options, plan));
  return plan;
}

}  // namespace aecomp
