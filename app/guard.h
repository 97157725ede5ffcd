// What is thrown while one file is worked on becomes the status of that file.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include "io/memory.h"
#include "io/status.h"

namespace aecomp {

/// kMemory where memory did not suffice, and an internal error otherwise. pixels: of the image, 0 where unknown.
Status StatusOf(const std::exception& thrown, const std::string& name, int64_t pixels = 0);

/// Memory may run out where nothing can be thrown: destructors of JSON values ask for some. From now on that ends the
/// program with a message and kMemory instead of a signal; temporary files are removed.
void EndInOrderWithoutMemory();

/// f() -> Status or Result.
template <class F>
auto Guarded(const std::string& name, F f) -> decltype(f()) {
  try {
    RequireMemoryReserve();
    return f();
  } catch (const std::exception& thrown) {
    return StatusOf(thrown, name);
  }
}

}  // namespace aecomp
