#include "model/base/tensor.h"

#include <gtest/gtest.h>

#include <vector>

namespace aecomp {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

TEST(AlignedMemory, IsAlignedAndMayBeEmpty) {
  for (const size_t bytes : {size_t{1}, size_t{64}, size_t{1000}, kMegabyte, 3 * kMegabyte}) {
    void* memory = AllocateAligned(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u) << bytes;
    FreeAligned(memory);
  }
  FreeAligned(nullptr);
  EXPECT_EQ(AlignedBuffer<float>().data(), nullptr);
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
TEST(AlignedMemory, LargeBlocksAreUsedAgain) {
  void* const large = AllocateAligned(20 * kMegabyte);
  FreeAligned(large);
  void* const small = AllocateAligned(4 * kMegabyte);
  EXPECT_NE(small, large) << "a block is not wasted on much less";
  void* const similar = AllocateAligned(19 * kMegabyte);
  EXPECT_EQ(similar, large);
  FreeAligned(similar);
  FreeAligned(small);
}

TEST(AlignedMemory, NotAllIsKept) {
  std::vector<void*> blocks;
  for (int i = 0; i < 10; ++i) blocks.push_back(AllocateAligned(20 * kMegabyte));
  for (void* block : blocks) FreeAligned(block);
  int again = 0;
  std::vector<void*> next;
  for (int i = 0; i < 4; ++i) {
    next.push_back(AllocateAligned(20 * kMegabyte));
    for (int k = 0; k < 3; ++k) again += next.back() == blocks[static_cast<size_t>(k)];
  }
  EXPECT_EQ(again, 3) << "64 MiB hold three of them";
  for (void* block : next) FreeAligned(block);
}
#endif

}  // namespace
}  // namespace aecomp
