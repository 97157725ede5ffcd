#include "app/guard.h"

#include <system_error>

#include "io/memory.h"
#include "model/base/onednn.h"

namespace aecomp {
namespace {

/// About what a run with one thread maps for an image of so many pixels, the program and its libraries included.
uint64_t MemoryFor(int64_t pixels) { return (uint64_t{200} << 20) + 12 * static_cast<uint64_t>(pixels); }

}  // namespace

Status StatusOf(const std::exception& thrown, const std::string& name, int64_t pixels) {
  if (onednn::IsOutOfMemory(thrown)) return NotEnoughMemory(name, pixels > 0 ? MemoryFor(pixels) : 0);
  if (dynamic_cast<const std::system_error*>(&thrown) != nullptr) {  // of a thread that cannot start
    return MemoryError(name + ": not enough threads or memory: " + thrown.what() +
                       "; raise the limits (ulimit -u, ulimit -v)");
  }
  return {StatusCode::kSomeFailed, name + ": internal error: " + thrown.what()};
}

}  // namespace aecomp
