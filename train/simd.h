// Settings that the trainer's loops need to run at the processor's speed.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "model/base/multiversion.h"

namespace aecomp {

/// Treats denormal numbers as zero in all threads of the OpenMP team. Under a gradient that is exactly zero Adam's
/// moments decay into denormals. Processors handle denormals a hundred times slower, which costs a fifth of a step.
inline void FlushDenormals() {
#if defined(__SSE2__)
#pragma omp parallel
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero (15), denormals are zero (6)
#endif
}

}  // namespace aecomp
