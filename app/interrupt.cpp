#include "app/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <ctime>

#include "io/file.h"
#include "io/status.h"

namespace aecomp {
namespace {

volatile std::sig_atomic_t sets_flag = 0;
volatile std::sig_atomic_t interrupted = 0;
volatile time_t interrupted_at = 0;

// Only what is safe in a signal handler: unlink, write, _exit, time.
void OnSignal(int) {
  if (sets_flag && !interrupted) {
    interrupted_at = time(nullptr);
    interrupted = 1;
    return;
  }
  // timeout(1) sends every signal twice: to the process and to its group.
  if (sets_flag && time(nullptr) - interrupted_at < 2) return;
  UnlinkTemporaries();
  _exit(static_cast<int>(StatusCode::kInterrupted));
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
  Handle(SIGINT, OnSignal);
  Handle(SIGTERM, OnSignal);
  Handle(SIGPIPE, SIG_IGN);
  Handle(SIGXFSZ, SIG_IGN);
}

void InterruptSetsFlag() { sets_flag = 1; }

bool Interrupted() { return interrupted != 0; }

}  // namespace aecomp
