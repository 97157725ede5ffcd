// Limits on the memory of this process (ulimit -v and ulimit -d), and how to stay clear of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/status.h"

namespace aecomp {

/// Large blocks are not given out when less than this would be left below the limit: many libraries, oneDNN and libgomp
/// among them, end the process or worse when a small allocation fails.
inline constexpr uint64_t kMemoryReserve = uint64_t{24} << 20;

/// Bytes that this process may still map; UINT64_MAX without a limit.
uint64_t MappableBytes();

/// Whether `bytes` can be had with the reserve left over.
inline bool HasMemoryFor(uint64_t bytes) {
  const uint64_t mappable = MappableBytes();
  return mappable == UINT64_MAX || (mappable >= kMemoryReserve && mappable - kMemoryReserve >= bytes);
}

/// Puts some MB aside that operator new gives out when there is nothing else: a library that does not survive an
/// exception from there (oneDNN 2.6 keeps its locks, or crashes) comes to the end of what it is at. When they are used
/// up RequireMemoryReserve throws until they can be put aside again.
void KeepMemoryAside();

/// Throws std::bad_alloc unless the reserve is whole. Call it before using a library that does not check.
void RequireMemoryReserve();

/// Whether the words of a library, which often has no other sign for it, say that it was refused memory. Sizes beyond a
/// limit that was set for the library are not meant.
bool SaysOutOfMemory(std::string_view words);

/// kMemory for a file (or whatever `name` is) that needs about so many bytes, those of the program included; 0:
/// unknown.
Status NotEnoughMemory(const std::string& name, uint64_t needed = 0);

}  // namespace aecomp
