// How much memory this process may still take.
#pragma once

#include <cstdint>

namespace aecomp {

/// In bytes: the memory that the system can give without swapping (MemAvailable of /proc/meminfo), or the rest below
/// the limit of the control group if that is less. 2 GiB when neither is known.
int64_t AvailableMemory();

}  // namespace aecomp
