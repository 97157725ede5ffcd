// Large vectors (pictures, weights, symbols) in huge pages, as tensors are: page faults were a tenth of compressing.
#include "app/large_blocks.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#include "io/memory.h"
#include "model/base/tensor.h"

#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace {
constexpr std::size_t kLarge = std::size_t{1} << 20;
}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void* operator new(std::size_t bytes) {
  if (bytes >= kLarge) return aecomp::AllocateAligned(bytes);
  for (;;) {
    if (void* memory = std::malloc(bytes != 0 ? bytes : 1)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void operator delete(void* memory) noexcept { aecomp::FreeAligned(memory); }
void operator delete(void* memory, std::size_t) noexcept { aecomp::FreeAligned(memory); }

#endif

void aecomp::UseOneHeap() {
#ifdef __GLIBC__
  // Under a limit the heap leaves memory to those who ask for it elsewhere.
  const int heap = MappableBytes() == UINT64_MAX ? 32 << 20 : 1 << 20;
  constexpr int kMostKept = 64 << 20;
  constexpr std::uintptr_t kHugePage = 2 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, kMostKept);
  mallopt(M_TOP_PAD, heap);
  const auto begin = (reinterpret_cast<std::uintptr_t>(sbrk(0)) + kHugePage - 1) / kHugePage * kHugePage;
  void* volatile growth = std::malloc(kLarge / 2);  // volatile: compilers leave out what is freed at once
  std::free(growth);
  const auto end = reinterpret_cast<std::uintptr_t>(sbrk(0));
  // A wish: failing costs nothing.
  if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}
