// What a stream of the residual layer is made of: model/CODING.md, "Symbols" of "The residual layer".
#pragma once

#include <algorithm>

#include "model/portable/entropy.h"

namespace aecomp_portable {

/// Probabilities of 16 symbols, which follow those that come.
struct AdaptiveTable {
  uint16_t start[16];  ///< C
  int count = 0;

  AdaptiveTable() {
    for (int i = 0; i < 16; ++i) start[i] = static_cast<uint16_t>(2048 * i);
  }
  void Learn(int symbol) {
    const int rate = 4 + count / 4;
    count += rate < 7;
    for (int i = 0; i < 16; ++i) {
      const int target = i <= symbol ? i : 32752 + i;
      start[i] = static_cast<uint16_t>(start[i] + ((target - start[i]) >> rate));
    }
  }
};

struct AdaptiveBit {
  int fast = 32768, slow = 32768;
};

/// Where a stream is damaged, whatever is read is within its limits, and End() says so.
class ResidualCoder : private Rans {
 public:
  explicit ResidualCoder(Bytes stream) : Rans(stream) { Begin(); }

  uint32_t Bits(int k) {
    if (k == 0) return 0;
    const uint32_t r = Slot() >> (16 - k);
    Pass(r << (16 - k), 1u << (16 - k));
    return r;
  }
  /// Of up to 31 bits.
  uint32_t Wide(int k) {
    uint32_t value = 0;
    for (int at = 0; at < k; at += 15) value |= Bits(std::min(15, k - at)) << at;
    return value;
  }
  uint32_t Number() { return Wide(static_cast<int>(Bits(5))); }
  bool Bit(AdaptiveBit* bit) {
    const int p = std::min(std::max((bit->fast + bit->slow) >> 1, 24), 65512);
    const uint32_t zero = static_cast<uint32_t>(65536 - p);
    const bool one = Slot() >= zero;
    one ? Pass(zero, 65536 - zero) : Pass(0, zero);
    const int target = one ? 65535 : 0;
    bit->fast += (target - bit->fast) >> 4, bit->slow += (target - bit->slow) >> 7;
    return one;
  }
  /// a and b may be one table, which then learns once.
  int Symbol(AdaptiveTable* a, AdaptiveTable* b) {
    uint16_t starts[16], up_to = 0;
    const auto slot = static_cast<uint16_t>(Slot());
    for (int i = 0; i < 16; ++i) {
      starts[i] = static_cast<uint16_t>(a->start[i] + b->start[i]);
      up_to = static_cast<uint16_t>(up_to + (starts[i] <= slot));
    }
    const int s = up_to - 1;
    Pass(starts[s], (s < 15 ? starts[s + 1] : 65536u) - starts[s]);
    a->Learn(s);
    if (b != a) b->Learn(s);
    return s;
  }
  int Small(AdaptiveTable* table) {
    const int s = Symbol(table, table);
    const int u = s < 4 ? s : (1 << (s - 2)) + static_cast<int>(Bits(s - 2));
    return u % 2 == 0 ? u / 2 : -(u + 1) / 2;
  }
  /// Nothing that follows can mend the stream.
  bool damaged() const { return damaged_ || x_ == 0; }
  bool whole() const { return AtEnd(); }
};

}  // namespace aecomp_portable
