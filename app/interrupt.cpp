#include "app/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "io/file.h"
#include "io/status.h"

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

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void InstallSignalHandlers() {
  Handle(SIGINT, End);
  Handle(SIGTERM, End);
  Handle(SIGPIPE, SIG_IGN);
  Handle(SIGXFSZ, SIG_IGN);
}

void InterruptSetsFlag() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(WaitForSignals, signals).detach();
}

bool Interrupted() { return interrupted; }

}  // namespace aecomp
