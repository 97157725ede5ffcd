#include "app/guard.h"

#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string_view>
#include <system_error>

#include "io/memory.h"
#include "io/temporary.h"
#include "model/base/onednn.h"

namespace aecomp {
namespace {

/// About what a run with one thread maps for an image of so many pixels, the program and its libraries included.
uint64_t MemoryFor(int64_t pixels) { return (uint64_t{200} << 20) + 12 * static_cast<uint64_t>(pixels); }

[[noreturn]] void Terminate() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    constexpr std::string_view kText = "aecomp: not enough memory; end other programs or use fewer threads (-j 1)\n";
    (void)!write(STDERR_FILENO, kText.data(), kText.size());
    UnlinkTemporaries();
    _exit(static_cast<int>(StatusCode::kMemory));
  } catch (...) {  // not a matter of memory
  }
  std::abort();
}

}  // namespace

void EndInOrderWithoutMemory() {
  std::set_terminate(Terminate);
  KeepMemoryAside();
}

Status StatusOf(const std::exception& thrown, const std::string& name, int64_t pixels) {
  if (onednn::IsOutOfMemory(thrown)) return NotEnoughMemory(name, pixels > 0 ? MemoryFor(pixels) : 0);
  if (dynamic_cast<const std::system_error*>(&thrown) != nullptr) {  // of a thread that cannot start
    return MemoryError(name + ": not enough threads or memory: " + thrown.what() +
                       "; raise the limits (ulimit -u, ulimit -v)");
  }
  return {StatusCode::kSomeFailed, name + ": internal error: " + thrown.what()};
}

}  // namespace aecomp
