#include "app/eval/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "io/descriptor.h"

extern char** environ;

namespace aecomp {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kMostOutput = 64 << 10;
constexpr int kPollMilliseconds = 50;

double Seconds(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The two ends of a pipe that other programs do not inherit.
struct Pipe {
  Descriptor read{-1}, write{-1};

  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    const Descriptor first(ends[0]), second(ends[1]);
    // Above the standard streams, of which some may be closed in this process.
    read = Descriptor(fcntl(ends[0], F_DUPFD_CLOEXEC, 3)), write = Descriptor(fcntl(ends[1], F_DUPFD_CLOEXEC, 3));
    return read.ok() && write.ok() && fcntl(read.get(), F_SETFL, O_NONBLOCK) == 0;
  }
};

/// Takes what is there. False at the end of the stream.
bool Drain(int fd, std::string& text) {
  char buffer[4096];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    text.append(buffer, std::min(static_cast<size_t>(count), kMostOutput - std::min(kMostOutput, text.size())));
  }
}

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "OMP_", 4) != 0) variables.emplace_back(*variable);
  }
  variables.emplace_back("OMP_NUM_THREADS=1");
  variables.emplace_back("OMP_WAIT_POLICY=passive");
  return variables;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Returns 0 or errno. A program has a process group of its own, so that Ctrl-C on a terminal reaches aecomp alone, and
/// no blocked signals, which threads of aecomp have.
int Spawn(const std::vector<std::string>& arguments, int out, int err, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none), sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGQUIT}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const std::vector<std::string> variables = Environment();
  const int error = posix_spawnp(&pid, arguments[0].c_str(), &actions, &attributes, Pointers(arguments).data(),
                                 Pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// Until the program ends: 0, or why it was ended before.
StatusCode Watch(pid_t pid, int out, int err, Clock::time_point start, const ChildOptions& options, ChildOutput& output,
                 int& state) {
  bool out_open = true, err_open = true;
  for (;;) {
    const pid_t ended = waitpid(pid, &state, WNOHANG);
    if (out_open) out_open = Drain(out, output.out);
    if (err_open) err_open = Drain(err, output.err);
    if (ended == pid) return StatusCode::kOk;
    const bool stop = options.interrupted && options.interrupted();
    if (stop || Seconds(start) > options.timeout_seconds) {
      kill(-pid, SIGKILL);
      waitpid(pid, &state, 0);
      return stop ? StatusCode::kInterrupted : StatusCode::kInput;
    }
    pollfd streams[2] = {{out_open ? out : -1, POLLIN, 0}, {err_open ? err : -1, POLLIN, 0}};
    // With both streams closed there is nothing to wake up for but the end, which comes soon.
    if (out_open || err_open) {
      poll(streams, 2, kPollMilliseconds);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

std::string LastLine(const std::string& text) {
  const size_t end = text.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "";
  const size_t start = text.find_last_of("\r\n", end);
  return text.substr(start == std::string::npos ? 0 : start + 1, end - (start == std::string::npos ? -1 : start));
}

}  // namespace

Result<ChildOutput> RunChild(const std::vector<std::string>& arguments, const ChildOptions& options) {
  if (arguments.empty() || arguments[0].empty()) return UsageError("a command without a program");
  Pipe out, err;
  if (!out.Open() || !err.Open()) return InputError(arguments[0] + ": no pipe to it: " + std::strerror(errno));
  ChildOutput output;
  const Clock::time_point start = Clock::now();
  pid_t pid = 0;
  if (const int error = Spawn(arguments, out.write.get(), err.write.get(), pid); error != 0) {
    return InputError(arguments[0] + ": cannot be started: " + std::strerror(error));
  }
  out.write = Descriptor(-1), err.write = Descriptor(-1);
  int state = 0;
  const StatusCode code = Watch(pid, out.read.get(), err.read.get(), start, options, output, state);
  output.seconds = Seconds(start);
  if (code == StatusCode::kInterrupted) return Status(code, "interrupted");
  if (code != StatusCode::kOk) {
    return InputError(arguments[0] + ": not done after " + std::to_string(static_cast<int>(options.timeout_seconds)) +
                      " s and ended");
  }
  if (WIFSIGNALED(state)) return InputError(arguments[0] + ": ended by signal " + std::to_string(WTERMSIG(state)));
  output.exit_code = WEXITSTATUS(state);
  return output;
}

Result<ChildOutput> RunChildOrFail(const std::vector<std::string>& arguments, const ChildOptions& options) {
  AECOMP_ASSIGN_OR_RETURN(ChildOutput output, RunChild(arguments, options));
  if (output.exit_code == 0) return output;
  std::string said = LastLine(output.err);
  if (said.empty()) said = LastLine(output.out);
  return InputError(arguments[0] + ": exit code " + std::to_string(output.exit_code) +
                    (said.empty() ? "" : ": " + said));
}

std::string FindProgram(const std::string& name) {
  const auto runs = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? name : "";
  const char* const variable = std::getenv("PATH");
  const std::string folders = variable != nullptr ? variable : "/usr/bin:/bin";
  for (size_t start = 0; start <= folders.size();) {
    const size_t end = std::min(folders.find(':', start), folders.size());
    const std::string folder = folders.substr(start, end - start);
    if (const std::string path = (folder.empty() ? "." : folder) + "/" + name; runs(path)) return path;
    start = end + 1;
  }
  return "";
}

Result<std::vector<std::string>> SplitArguments(const std::string& command) {
  std::vector<std::string> arguments;
  bool inside = false;
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && std::isspace(static_cast<unsigned char>(c)) != 0) {
      inside = false;
      continue;
    }
    if (!inside) arguments.emplace_back();
    inside = true;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      arguments.back() += command[++i];
    } else {
      arguments.back() += c;
    }
  }
  if (quote != 0) return UsageError("a quote is not closed in: " + command);
  return arguments;
}

std::vector<std::string> FillPlaces(std::vector<std::string> arguments,
                                    const std::vector<std::pair<std::string, std::string>>& places) {
  for (std::string& argument : arguments) {
    std::string filled;
    for (size_t i = 0; i < argument.size();) {
      const auto place = std::find_if(places.begin(), places.end(), [&](const auto& candidate) {
        return argument.compare(i, candidate.first.size() + 2, "{" + candidate.first + "}") == 0;
      });
      filled += place != places.end() ? place->second : std::string(1, argument[i]);
      i += place != places.end() ? place->first.size() + 2 : 1;
    }
    argument = std::move(filled);
  }
  return arguments;
}

Result<TemporaryFolder> TemporaryFolder::Create() {
  const char* const variable = std::getenv("TMPDIR");
  std::string path = std::string(variable != nullptr && *variable != 0 ? variable : "/tmp") + "/aecomp-eval-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return WriteError(path + ": cannot be made: " + std::strerror(errno) + "; name another folder with TMPDIR");
  }
  return TemporaryFolder(path);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove_all(path_, error);
}

}  // namespace aecomp
