#include "model/base/threads.h"

#include <gtest/gtest.h>
#include <omp.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace aecomp {
namespace {

int ThreadsOfThisProcess() {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

TEST(Threads, AsManyAsAreWanted) {
  EXPECT_EQ(UsableThreads(1), 1);
  EXPECT_EQ(UsableThreads(3), 3);
  EXPECT_EQ(UsableThreads(0), omp_get_num_procs());
  const int before = ThreadsOfThisProcess();
  EXPECT_EQ(UsableThreads(5), 5);
  EXPECT_EQ(ThreadsOfThisProcess(), before);
}

// A compiler may remove a parallel region that does nothing, and with it the threads that are to be there. In a process
// of its own: the threads stay.
TEST(ThreadsDeathTest, ThatWaitAreAdded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto added = [] {
    unsetenv("OMP_WAIT_POLICY");
    unsetenv("GOMP_SPINCOUNT");
    KeepWaitsShort(1);
    if (ThreadsOfThisProcess() != 1) _exit(1);
    KeepWaitsShort(2);
    const int wanted = 1 + omp_get_num_procs();  // one that starts a team of procs - 1 others; none on a single core
    const bool any = omp_get_num_procs() > 1;
    for (int i = 0; i < 1000 && any && ThreadsOfThisProcess() < wanted; ++i) usleep(5000);
    if (any && ThreadsOfThisProcess() != wanted) _exit(2);
    KeepWaitsShort(2);
    usleep(50000);
    if (any && ThreadsOfThisProcess() != wanted) _exit(3);
    _exit(0);
  };
  EXPECT_EXIT(added(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace aecomp
