#include "tests/fuzz/isolated.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>

namespace aecomp::fuzz {
namespace {

constexpr unsigned kHang = 60;  // seconds; a busy machine is slow
constexpr int kAccepted = 0, kRefused = 1, kThrown = 2;

[[noreturn]] void RunAndExit(const Target& target, View input) {
  alarm(kHang);
  int code = kThrown;
  try {
    code = target.accepts(input) ? kAccepted : kRefused;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "exception: %s\n", e.what());
  }
  std::fflush(nullptr);
  _exit(code);
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

Outcome RunIsolated(const Target& target, View input) {
  Outcome outcome;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) RunAndExit(target, input);
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    outcome.failure = "no process could be made for it";
    return outcome;
  }
  outcome.seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  outcome.megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.ended = code == kAccepted || code == kRefused;
  outcome.accepted = code == kAccepted;
  if (WIFSIGNALED(status)) {
    outcome.failure = WTERMSIG(status) == SIGALRM ? "hangs" : "signal " + std::to_string(WTERMSIG(status));
  } else if (code == kThrown) {
    outcome.failure = "an exception left it";
  } else if (!outcome.ended) {
    outcome.failure = "exit " + std::to_string(code);
  }
  return outcome;
}

}  // namespace aecomp::fuzz
