#include "model/base/threads.h"

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace aecomp {
namespace {

// What one image needs beside two teams: threads that load, prepare, or wait for signals, and those of Park.
constexpr int kOtherThreads = 3;

/// How many threads, of at most so many, this process can have beside those it has.
int ThreadsThatStart(int most) {
  std::atomic<bool> end = false;
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(most));
  try {
    while (static_cast<int>(threads.size()) < most) threads.emplace_back([&end] { end.wait(false); });
  } catch (const std::exception&) {  // no thread, or no memory for one
  }
  end = true;
  end.notify_all();
  for (std::thread& thread : threads) thread.join();
  const int started = static_cast<int>(threads.size());
  // The kernel counts a thread for a moment after it can be joined.
  if (started < most) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return started;
}

std::atomic<int> parked_threads = 0;

/// A team of this many threads that does nothing. Never returns: libgomp keeps the team of a thread as long as the
/// thread lives.
void Park(int threads) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // inherited by the team
  omp_set_dynamic(0);
  // The count is a side effect: compilers remove a parallel region that has none.
#pragma omp parallel num_threads(threads)
  parked_threads.fetch_add(1, std::memory_order_relaxed);
  while (true) pause();
}

}  // namespace

int UsableThreads(int wanted) {
  static std::mutex mutex;
  static int tried = 1, usable = 1;
  if (wanted <= 0) wanted = omp_get_num_procs();
  const std::lock_guard lock(mutex);
  if (wanted > tried) {
    const int needed = 2 * wanted + kOtherThreads, started = ThreadsThatStart(needed);
    tried = wanted;
    usable = started == needed ? wanted : std::max(1, (started - kOtherThreads) / 2);
  }
  return std::min(wanted, usable);
}

void KeepWaitsShort(int threads) {
  static std::mutex mutex;
  static int parked = 0;
  if (threads < 2) return;
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  const std::lock_guard lock(mutex);
  const int missing = omp_get_num_procs() + 1 - threads - parked;
  if (missing <= 0) return;
  try {
    std::thread(Park, missing + 1).detach();
    parked += missing;
  } catch (const std::exception&) {  // then waits are as libgomp has them
  }
}

}  // namespace aecomp
