#include "app/batch/plan.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "app/batch/inputs.h"
#include "app/output_check.h"
#include "app/streams.h"
#include "io/descriptor.h"
#include "io/formats/image_kinds.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

/// a.png becomes a.aec, or a.png.aec where extensions are kept; back from a.aec comes a.png, and from a.png.aec, whose
/// name says what is wanted, a.png as well.
fs::path Renamed(const BatchOptions& options, fs::path path, const std::string& extension) {
  if (options.keep_extension) return path += extension;
  const fs::path stem = path.stem();
  if (HasAecExtension(path) && SameFormat(stem.extension(), extension)) return path.replace_filename(stem);
  return path.replace_extension(extension);
}

std::string OutputName(const BatchOptions& options, const Input& input, const std::string& extension) {
  if (!options.output.empty()) return options.output;
  if (IsStream(input.path)) return options.output_dir.empty() ? "-" : options.output_dir + "/stdin" + extension;
  const fs::path name = Renamed(options, input.path, extension);
  if (options.output_dir.empty()) return name.string();
  const fs::path below = input.below.empty() ? name.filename() : Renamed(options, input.below, extension);
  return (fs::path(options.output_dir) / below).string();
}

/// What to do about two inputs that share an output.
std::string WayOut(BatchOptions options, const Input& a, const Input& b, const std::string& extension) {
  const std::string apart = "give each a run and a folder of its own with -O";
  options.keep_extension = true;
  const std::string first = OutputName(options, a, extension), second = OutputName(options, b, extension);
  if (extension != ".aec" || first == second) return "rename one, or " + apart;
  return "--keep-extension makes them " + first + " and " + second + "; or " + apart;
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

/// sources: of the plan's files.
Status CheckCollisions(const BatchOptions& options, const std::vector<Input>& sources,
                       const std::vector<PlannedFile>& plan, const std::string& extension) {
  std::set<std::string> inputs;
  std::map<std::string, size_t> outputs;  // canonical name -> file
  for (const PlannedFile& file : plan) {
    if (!IsStream(file.input)) inputs.insert(Canonical(file.input));
  }
  for (size_t i = 0; i < plan.size(); ++i) {
    const PlannedFile& file = plan[i];
    if (IsStream(file.output) || IsWrittenInto(file.output)) continue;
    const std::string canonical = Canonical(file.output);
    if (inputs.count(canonical))
      return UsageError(file.output + ": is both input and output; name another with -o or -O");
    const auto [other, inserted] = outputs.emplace(canonical, i);
    if (!inserted) {
      const Input &a = sources[other->second], &b = sources[i];
      return UsageError(file.output + ": would be the output of both " + a.path + " and " + b.path + "; " +
                        WayOut(options, a, b, extension));
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
    if (options.force || !IsThere(file.output)) continue;
    file.skip = options.skip_existing && fs::exists(file.output, error);  // a link to nothing is no output
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

Result<BatchPlan> PlanBatch(const BatchOptions& options, const BatchKind& kind) {
  AECOMP_ASSIGN_OR_RETURN(Inputs inputs, CollectInputs(options, kind));
  if (inputs.files.size() > 1 && !options.output.empty()) {
    return UsageError("-o " + options.output + ": one output for several inputs; give a folder with -O");
  }
  BatchPlan plan{{}, std::move(inputs.passed_over)};
  for (const Input& input : inputs.files) {
    PlannedFile& file = plan.files.emplace_back();
    file.input = input.path, file.output = OutputName(options, input, kind.extension);
    for (const std::string& name : input.also) file.notes.push_back("also given as " + name + "; done once");
  }
  AECOMP_RETURN_IF_ERROR(CheckStreams(options, plan.files));
  AECOMP_RETURN_IF_ERROR(CheckCollisions(options, inputs.files, plan.files, kind.extension));
  AECOMP_RETURN_IF_ERROR(CheckExisting(options, plan.files));
  AECOMP_RETURN_IF_ERROR(MakeFolders(options, plan.files));
  return plan;
}

}  // namespace aecomp
