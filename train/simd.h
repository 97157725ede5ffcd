// What the trainer's own loops need to run at the processor's speed.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

// A loop that is compiled for several instruction sets; the best one is chosen when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define AECOMP_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define AECOMP_MULTIVERSION
#endif

namespace aecomp {

/// Treats denormal numbers as zero, in all threads of the OpenMP team. A gradient that is exactly zero lets Adam's
/// moments decay into denormals, which processors handle a hundred times slower: a fifth of a step.
inline void FlushDenormals() {
#if defined(__SSE2__)
#pragma omp parallel
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero (15), denormals are zero (6)
#endif
}

}  // namespace aecomp
