// Large vectors (pictures, weights, symbols) in huge pages, as tensors are: page faults were a tenth of compressing.
#include <cstdlib>
#include <new>

#include "model/tensor.h"

#if !defined(__SANITIZE_ADDRESS__)

void* operator new(std::size_t bytes) {
  constexpr std::size_t kLarge = std::size_t{1} << 20;
  if (bytes >= kLarge) return aecomp::AllocateAligned(bytes);
  if (void* memory = std::malloc(bytes != 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif
