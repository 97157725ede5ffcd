// How many threads a process may start, and how they wait for each other.
#pragma once

namespace aecomp {

/// As many threads as are wanted (0: one for each core), or fewer where a limit (ulimit -u, ulimit -v, a control group)
/// lets too few start: libgomp would end the process in the middle of its work. The limits are tried out, once for each
/// larger number that is asked for.
int UsableThreads(int wanted);

/// Keeps the threads of OpenMP's teams from spinning while they wait: beside other busy programs, a team that spins at
/// its barriers takes 10 to 300 times as long. libgomp spins for milliseconds, but a thousandth of that while the
/// process has more threads in teams than there are cores. Therefore threads that do nothing are added, for good, until
/// a team of `threads` makes the number larger. That needs no environment variable, which libgomp reads before main
/// begins and which belong to the whole process. Where OMP_WAIT_POLICY or GOMP_SPINCOUNT is set, they decide.
void KeepWaitsShort(int threads);

}  // namespace aecomp
