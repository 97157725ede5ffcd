#include "model/tensor.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace aecomp {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void* AllocateAligned(size_t bytes) {
  // Large activations are touched once and thrown away: in pages of 4 kB a fifth of a run would be page faults.
  const size_t unit = bytes >= kHugePage / 2 ? kHugePage : 64;
  void* memory = std::aligned_alloc(unit, RoundUp(bytes, unit));
  if (memory == nullptr) throw std::bad_alloc();
#ifdef __linux__
  if (unit == kHugePage) (void)madvise(memory, RoundUp(bytes, unit), MADV_HUGEPAGE);  // a wish: failing costs nothing
#endif
  return memory;
}

}  // namespace aecomp
