// A matrix product of int16 with sums modulo 2^32. Processors multiply and add pairs in one instruction (pmaddwd), but
// compilers do not use it for this loop, so it is written for each kind of processor. All give the same result.
#pragma once

#include <cstdint>
#include <span>

namespace aecomp {

inline constexpr int kPairRows = 6;    ///< rows of the left factor at a time
inline constexpr int kPairLanes = 64;  ///< columns of the right factor come in multiples of this

/// The loop for one kind of processor. sums [kPairRows, columns] = bias [columns] + left * right. left: [pairs,
/// kPairRows], right: [pairs, columns], each of them two int16 (the even index in the lower half); no product of a pair
/// may exceed 2^31 - 1 (no two -32768 against -32768).
struct PairProduct {
  const char* name;
  void (*run)(const int32_t* left, int pairs, const int32_t* right, const int32_t* bias, int columns, int32_t* sums);
};

/// The loops that this processor can run, the fastest first.
std::span<const PairProduct> PairProducts();

}  // namespace aecomp
