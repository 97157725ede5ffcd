// Programs of others: started with their arguments, never through a shell, and watched until they end.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "io/status.h"

namespace aecomp {

struct ChildOptions {
  double timeout_seconds = 600;
  std::function<bool()> interrupted = {};  ///< polled; true: the program is ended. May be empty
};

struct ChildOutput {
  int exit_code = 0;
  std::string out, err;  ///< the first 64 KiB of each
  double seconds = 0;    ///< from start to end
};

/// arguments[0]: a path, or a name that is looked for on the PATH. The program reads nothing on stdin and uses one
/// OpenMP thread. kInput, with the program's name, when it cannot be started, is ended by a signal or is not done in
/// time, which ends it and what it started; kInterrupted when `interrupted` says so. Any exit code is a success here.
Result<ChildOutput> RunChild(const std::vector<std::string>& arguments, const ChildOptions& options = {});

/// The same, and kInput with the last line that the program wrote on stderr or stdout unless it exits with 0.
Result<ChildOutput> RunChildOrFail(const std::vector<std::string>& arguments, const ChildOptions& options = {});

/// The path of a program, looked for as the shell does; empty: there is none that may be run.
std::string FindProgram(const std::string& name);

/// A command as a person writes it, in arguments: blanks separate, '...' and "..." hold together, a backslash takes the
/// next character as it is. Nothing is expanded. kUsage when a quote is not closed.
Result<std::vector<std::string>> SplitArguments(const std::string& command);

/// Every {name} of the arguments replaced: pairs of a name without braces and its value.
std::vector<std::string> FillPlaces(std::vector<std::string> arguments,
                                    const std::vector<std::pair<std::string, std::string>>& places);

/// A folder of its own for files of such programs, removed with all in it at the end of the scope.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Create();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace aecomp
