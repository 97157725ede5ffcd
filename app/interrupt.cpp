#include "app/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "io/status.h"
#include "io/temporary.h"

namespace aecomp {
namespace {

std::atomic<bool> interrupted = false;

// Only what is safe in a signal handler: unlink, _exit.
void End(int) {
  UnlinkTemporaries();
  _exit(static_cast<int>(StatusCode::kInterrupted));
}

/// Never returns. signals are blocked in all threads.
void WaitForSignals(sigset_t signals) {
  using Clock = std::chrono::steady_clock;
  int signal;
  while (sigwait(&signals, &signal) != 0) continue;
  const Clock::time_point first = Clock::now();
  interrupted = true;
  for (;;) {
    // timeout(1) sends every signal twice: to the process and to its group.
    if (sigwait(&signals, &signal) == 0 && Clock::now() - first >= std::chrono::seconds(1)) End(signal);
  }
}

// SIGXCPU: the soft limit of CPU time. SIGHUP: the terminal was closed.
constexpr int kEndings[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGXCPU};

/// nohup(1) ignores SIGHUP for the programs that it starts.
bool IsIgnored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void InstallSignalHandlers() {
  for (const int signal : kEndings) {
    if (signal != SIGHUP || !IsIgnored(SIGHUP)) Handle(signal, End);
  }
  Handle(SIGPIPE, SIG_IGN);
  Handle(SIGXFSZ, SIG_IGN);
}

void InterruptSetsFlag() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kEndings) {
    if (!IsIgnored(signal)) sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(WaitForSignals, signals).detach();
}

bool Interrupted() { return interrupted; }

}  // namespace aecomp
