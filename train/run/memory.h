// How much memory this process may still take.
#pragma once

#include <cstdint>

namespace aecomp {

/// Bytes: what the system could give without swapping (MemAvailable of /proc/meminfo), or what is left below the limit
/// of the control group when that is less. 2 GiB when nothing says.
int64_t AvailableMemory();

}  // namespace aecomp
