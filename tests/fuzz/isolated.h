// One input in a process of its own, with its time and memory measured.
#pragma once

#include <string>

#include "tests/fuzz/target.h"

namespace aecomp::fuzz {

struct Outcome {
  bool ended = false;     ///< by itself, without a signal or a sanitizer's report
  bool accepted = false;  ///< what Target::accepts returned
  double seconds = 0;     ///< of processor time
  double megabytes = 0;   ///< the most that was resident
  std::string failure;    ///< why it did not end by itself
};

/// The calling process must not have used OpenMP yet: its threads are lost in the one that is made here.
Outcome RunIsolated(const Target& target, View input);

/// What any input of less than 100 kB must stay below. Sanitizers take some times as much.
inline constexpr size_t kSmallInput = 100'000;
#if defined(__SANITIZE_ADDRESS__)
inline constexpr double kMostSeconds = 20, kMostMegabytes = 2100;
#else
inline constexpr double kMostSeconds = 5, kMostMegabytes = 700;
#endif

}  // namespace aecomp::fuzz
