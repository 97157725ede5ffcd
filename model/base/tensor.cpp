#include "model/base/tensor.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>

#include "io/memory.h"

#ifdef __linux__
#include <malloc.h>
#include <sys/mman.h>
#endif

namespace aecomp {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
/// What a block of AllocateAligned holds, in whole huge pages; 0 for small ones.
size_t HugePages(void* memory) {
  if (reinterpret_cast<uintptr_t>(memory) % kHugePage != 0) return 0;
  return malloc_usable_size(memory) / kHugePage * kHugePage;
}
#else
size_t HugePages(void*) { return 0; }
#endif

/// Blocks that nobody uses now. Whole: no block is cut, so that none can be left over that is too small for anything.
class FreeBlocks {
 public:
  /// The smallest that is large enough, unless it would be much too large; or null.
  void* Take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    Block* best = nullptr;
    for (size_t i = 0; i < count_; ++i) {
      Block& b = blocks_[i];
      if (b.bytes >= bytes && b.bytes <= 2 * bytes && (best == nullptr || b.bytes < best->bytes)) best = &b;
    }
    if (best == nullptr) return nullptr;
    void* memory = best->memory;
    total_ -= best->bytes;
    *best = blocks_[--count_];
    return memory;
  }

  /// Gives all of them back; false when there are none.
  bool Release() {
    const std::lock_guard lock(mutex_);
    const bool any = count_ > 0;
    while (count_ > 0) std::free(blocks_[--count_].memory);
    total_ = 0;
    return any;
  }

  bool Keep(void* memory, size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (count_ == blocks_.size() || bytes > kMostBytes - total_) return false;
    blocks_[count_++] = {memory, bytes};
    total_ += bytes;
    return true;
  }

 private:
  struct Block {
    void* memory;
    size_t bytes;
  };
  static constexpr size_t kMostBytes = size_t{64} << 20;
  std::mutex mutex_;
  std::array<Block, 32> blocks_{};
  size_t count_ = 0, total_ = 0;
};
constinit FreeBlocks free_blocks;  // never destroyed: others' destructors free memory late

}  // namespace

void* AllocateAligned(size_t bytes) {
  // Large activations are touched once and thrown away: in pages of 4 kB a fifth of a run would be page faults.
  const size_t unit = bytes >= kHugePage / 2 ? kHugePage : 64;
  const size_t size = RoundUp(bytes, unit);
  if (unit == kHugePage) {
    if (void* memory = free_blocks.Take(size)) return memory;
    // The block is aligned within one that is larger by a huge page.
    if (!HasMemoryFor(size + kHugePage) && (!free_blocks.Release() || !HasMemoryFor(size + kHugePage))) {
      throw std::bad_alloc();
    }
  }
  void* memory = std::aligned_alloc(unit, size);
  if (memory == nullptr && free_blocks.Release()) memory = std::aligned_alloc(unit, size);
  if (memory == nullptr) throw std::bad_alloc();
#ifdef __linux__
  if (unit == kHugePage) (void)madvise(memory, size, MADV_HUGEPAGE);  // a wish: failing costs nothing
#endif
  return memory;
}

void FreeAligned(void* memory) noexcept {
  if (const size_t bytes = HugePages(memory); bytes > 0 && free_blocks.Keep(memory, bytes)) return;
  std::free(memory);
}

}  // namespace aecomp
