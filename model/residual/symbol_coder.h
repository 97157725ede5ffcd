// Adaptive entropy coding of small symbols: the range asymmetric numeral system of io/FORMAT.md ("Entropy coder"),
// whose tables learn from the symbols that were coded. Encoder and decoder share the tables below and offer the same
// functions, so that one template models both sides.
//
// What surprises: a rANS encoder works backwards. SymbolEncoder therefore only notes what the model says of each
// symbol, and Finish() makes the bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/status.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace aecomp::residual {

inline constexpr int kSymbols = 16;  ///< of a table
inline constexpr uint32_t kTotal = 1 << 16;

using Numbers = std::array<int16_t, kSymbols>;
struct alignas(16) Starts : std::array<uint16_t, kSymbols> {};

/// Cumulative frequencies of 16 symbols, of sum 2^15: symbol s has the range from cumulative[s] to cumulative[s + 1].
/// Every symbol keeps a frequency of at least 1 (see Update).
struct alignas(32) SymbolTable {
  Numbers cumulative;
  SymbolTable() {
    for (int i = 0; i < kSymbols; ++i) cumulative[static_cast<size_t>(i)] = static_cast<int16_t>(i << 11);
  }
};

/// How far a table moves to a symbol: by 1/2^rate of the way. Tables begin fast.
class SymbolRate {
 public:
  static constexpr int kFirst = 4, kLast = 7, kSymbolsEach = 4;
  int Next() {
    const int rate = kFirst + count_ / kSymbolsEach;
    count_ = static_cast<uint8_t>(count_ + (rate < kLast));
    return rate;
  }

 private:
  uint8_t count_ = 0;
};

using Targets = std::array<Numbers, kSymbols>;
alignas(32) inline constexpr Targets kTargets = [] {
  Targets targets{};
  for (int s = 0; s < kSymbols; ++s) {
    for (int i = 0; i < kSymbols; ++i) {
      targets[static_cast<size_t>(s)][static_cast<size_t>(i)] =
          static_cast<int16_t>(i <= s ? i : (1 << 15) - kSymbols + i);
    }
  }
  return targets;
}();

// The work on all 16 numbers of a table, in SSE2 where there is one: compilers do not always find these vectors.
#if defined(__SSE2__)
struct TableHalves {
  __m128i half[2];
};
[[gnu::always_inline]] inline TableHalves Load(const Numbers& numbers) {
  const auto* at = reinterpret_cast<const __m128i*>(numbers.data());
  return {{_mm_load_si128(at), _mm_load_si128(at + 1)}};
}
/// numbers += (targets - numbers) >> shift.
[[gnu::always_inline]] inline void MoveTowards(const Numbers& targets, int shift, Numbers& numbers) {
  const TableHalves t = Load(targets), n = Load(numbers);
  const __m128i count = _mm_cvtsi32_si128(shift);
  auto* const at = reinterpret_cast<__m128i*>(numbers.data());
  for (size_t i = 0; i < 2; ++i) {
    _mm_store_si128(at + i, _mm_add_epi16(n.half[i], _mm_sra_epi16(_mm_sub_epi16(t.half[i], n.half[i]), count)));
  }
}
/// How many of a[i] + b[i], which ascend, are at most `slot`; they are put into `sums`.
[[gnu::always_inline]] inline int CountUpTo(const Numbers& a, const Numbers& b, uint32_t slot, Starts& sums) {
  const TableHalves x = Load(a), y = Load(b);
  const __m128i sign = _mm_set1_epi16(-32768);
  const __m128i most = _mm_set1_epi16(static_cast<int16_t>(slot ^ 0x8000));
  TableHalves above;
  for (size_t i = 0; i < 2; ++i) {
    const __m128i sum = _mm_add_epi16(x.half[i], y.half[i]);
    _mm_store_si128(reinterpret_cast<__m128i*>(sums.data()) + i, sum);
    above.half[i] = _mm_cmpgt_epi16(_mm_xor_si128(sum, sign), most);
  }
  return std::countr_zero(static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(above.half[0], above.half[1]))) |
                          0x10000);
}
#else
inline void MoveTowards(const Numbers& targets, int shift, Numbers& numbers) {
  for (size_t i = 0; i < kSymbols; ++i) {
    const auto difference = static_cast<int16_t>(targets[i] - numbers[i]);
    numbers[i] = static_cast<int16_t>(numbers[i] + (difference >> shift));
  }
}
inline int CountUpTo(const Numbers& a, const Numbers& b, uint32_t slot, Starts& sums) {
  int count = 0;
  for (size_t i = 0; i < kSymbols; ++i) {
    sums[i] = static_cast<uint16_t>(a[i] + b[i]);
    count += sums[i] <= slot;
  }
  return count;
}
#endif

struct AdaptiveTable {
  SymbolTable table;
  SymbolRate rate;

  /// cumulative[i] moves towards i where i <= symbol, else towards 2^15 - 16 + i. Both rise by at least 1 with i, and
  /// with them (x * (2^rate - 1) + target) >> rate does too: no frequency becomes 0.
  [[gnu::always_inline]] void Update(int symbol) {
    MoveTowards(kTargets[static_cast<size_t>(symbol)], rate.Next(), table.cumulative);
  }
};

/// The probability of a 1, as the mean of two that adapt at different speeds. Of 2^16, and never 0 or 1.
class AdaptiveBit {
 public:
  uint32_t OfOne() const {
    const uint32_t p = (uint32_t{fast_} + slow_) >> 1;
    return p < kLeast ? kLeast : p > kTotal - kLeast ? kTotal - kLeast : p;
  }
  void Update(bool bit) {
    const int target = bit ? 65535 : 0;
    fast_ = static_cast<uint16_t>(fast_ + ((target - fast_) >> 4));
    slow_ = static_cast<uint16_t>(slow_ + ((target - slow_) >> 7));
  }

 private:
  static constexpr uint32_t kLeast = 24;
  uint16_t fast_ = 32768, slow_ = 32768;
};

class SymbolEncoder {
 public:
  /// 0 .. 15, with the mean of two tables, which are updated. Returns the symbol.
  [[gnu::always_inline]] int Symbol(AdaptiveTable& a, AdaptiveTable& b, int symbol) {
    const auto s = static_cast<size_t>(symbol);
    const auto& x = a.table.cumulative;
    const auto& y = b.table.cumulative;
    const uint32_t start = static_cast<uint32_t>(x[s] + y[s]);
    const uint32_t end = symbol == kSymbols - 1 ? kTotal : static_cast<uint32_t>(x[s + 1] + y[s + 1]);
    Put(start, end - start);
    a.Update(symbol);
    b.Update(symbol);
    return symbol;
  }
  int Symbol(AdaptiveTable& table, int symbol) {
    const auto s = static_cast<size_t>(symbol);
    const auto& x = table.table.cumulative;
    const uint32_t start = static_cast<uint32_t>(x[s]) * 2;
    const uint32_t end = symbol == kSymbols - 1 ? kTotal : static_cast<uint32_t>(x[s + 1]) * 2;
    Put(start, end - start);
    table.Update(symbol);
    return symbol;
  }
  bool Bit(AdaptiveBit& model, bool bit) {
    const uint32_t one = model.OfOne();
    bit ? Put(kTotal - one, one) : Put(0, kTotal - one);
    model.Update(bit);
    return bit;
  }
  /// The low `count` bits of a number, all values equally likely. count: 0 .. 15.
  [[gnu::always_inline]] uint32_t Bits(int count, uint32_t value) {
    Put(value << (16 - count), kTotal >> count);
    next_ -= count == 0;
    return value;
  }

  /// As of SymbolDecoder.
  static constexpr bool Damaged() { return false; }
  /// The stream of all that was coded. It decodes with SymbolDecoder only.
  std::vector<uint8_t> Finish() const;

 private:
  static constexpr size_t kChunk = 1 << 14;

  [[gnu::always_inline]] void Put(uint32_t start, uint32_t frequency) {
    if (next_ == end_) [[unlikely]]
      Grow();
    *next_++ = start | frequency << 16;
  }
  void Grow();

  std::vector<std::unique_ptr<uint32_t[]>> chunks_;  // of kChunk ranges, the last one as far as next_
  uint32_t *next_ = nullptr, *end_ = nullptr;
};

/// Never reads outside of the bytes, whatever they hold; Finish tells whether they were sound.
class SymbolDecoder {
 public:
  explicit SymbolDecoder(std::span<const uint8_t> bytes);

  // The last argument, which the encoder needs, is ignored.
  [[gnu::always_inline]] int Symbol(AdaptiveTable& a, AdaptiveTable& b, int = 0) {
    const int symbol = Take(a.table.cumulative, b.table.cumulative);
    a.Update(symbol);
    b.Update(symbol);
    return symbol;
  }
  int Symbol(AdaptiveTable& table, int = 0) {
    const int symbol = Take(table.table.cumulative, table.table.cumulative);
    table.Update(symbol);
    return symbol;
  }
  bool Bit(AdaptiveBit& model, bool = false) {
    const uint32_t zero = kTotal - model.OfOne();
    const bool bit = (state_ & 0xffff) >= zero;
    bit ? Advance(zero, kTotal - zero) : Advance(0, zero);
    model.Update(bit);
    return bit;
  }
  [[gnu::always_inline]] uint32_t Bits(int count, uint32_t = 0) {
    const auto value = static_cast<uint32_t>(state_ & 0xffff) >> (16 - count);
    Advance(value << (16 - count), kTotal >> count);
    return value;
  }

  /// Whether it is certain by now that Finish fails. It may fail where this is false.
  bool Damaged() const { return !sound_ || state_ == 0; }
  /// kCorrupt unless the coder is in its initial state and all bytes were used.
  Status Finish() const;

 private:
  [[gnu::always_inline]] int Take(const Numbers& a, const Numbers& b) {
    Starts starts;
    const int symbol = CountUpTo(a, b, static_cast<uint32_t>(state_ & 0xffff), starts) - 1;
    const uint32_t start = starts[static_cast<size_t>(symbol)];
    const uint32_t end = symbol == kSymbols - 1 ? kTotal : starts[static_cast<size_t>(symbol) + 1];
    Advance(start, end - start);
    return symbol;
  }
  /// Without a branch, which would often be guessed wrong.
  [[gnu::always_inline]] void Advance(uint32_t start, uint32_t frequency) {
    state_ = uint64_t{frequency} * (state_ >> 16) + (state_ & 0xffff) - start;
    const uint64_t more = (state_ < uint64_t{1} << 32) & (at_ != end_);
    const uint8_t* const from = at_ == end_ ? kNothing.data() : at_;
    const uint64_t word = uint64_t{from[0]} | uint64_t{from[1]} << 8;
    state_ = (state_ << (16 * more)) | (word & (0 - more));
    at_ += 2 * more;
  }

  static constexpr std::array<uint8_t, 2> kNothing{};
  const uint8_t *at_ = kNothing.data(), *end_ = at_;  // an even number of bytes lies between them
  uint64_t state_ = 1;
  bool sound_ = true;
};

/// An unsigned number below 2^31: 5 bits say how many bits follow, in pieces of 15, the lowest first.
template <class Coder>
uint32_t CodeNumber(Coder& coder, uint32_t value = 0) {
  const auto width = static_cast<int>(coder.Bits(5, static_cast<uint32_t>(std::bit_width(value))));
  uint32_t coded = 0;
  for (int at = 0; at < width; at += 15) {
    const int count = std::min(15, width - at);
    coded |= coder.Bits(count, value >> at & ((1u << count) - 1)) << at;
  }
  return coded;
}

/// A signed number that is likely small, |value| < 8192: sign and size as a symbol of the table, the rest as bits.
template <class Coder>
int CodeSmall(Coder& coder, AdaptiveTable& table, int value = 0) {
  const uint32_t folded = value < 0 ? static_cast<uint32_t>(-value) * 2 - 1 : static_cast<uint32_t>(value) * 2;
  const int size = folded < 4 ? static_cast<int>(folded) : std::bit_width(folded) + 1;  // 4 .. 7 -> 4, 8 .. 15 -> 5
  const int symbol = coder.Symbol(table, size);
  const int extra = symbol < 4 ? 0 : symbol - 2;
  const uint32_t first = symbol < 4 ? static_cast<uint32_t>(symbol) : 1u << extra;
  const uint32_t all = first + coder.Bits(extra, folded - first);
  return all & 1 ? -static_cast<int>((all + 1) / 2) : static_cast<int>(all / 2);
}

}  // namespace aecomp::residual
