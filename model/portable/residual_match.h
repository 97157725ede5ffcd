// Pixels that equal others: model/CODING.md, "Matches"; and the rows around what is decoded, "Neighbours".
#pragma once

#include "model/portable/residual_symbols.h"

namespace aecomp_portable {

/// The last three rows of one kind of numbers, which may be read three places beyond their ends.
template <class T>
class Rows {
 public:
  Rows(size_t width, T outside) : width_(width), outside_(outside), memory_(3 * (width + 6)) {}

  /// Row y comes next; the rows come in order. Above the first row lies what FillAbove says, or 0.
  void Begin(int y) {
    here = Memory(y % 3), above = Memory((y + 2) % 3), above2 = y < 2 ? above : Memory((y + 1) % 3);
    std::fill_n(here - 3, 3, y == 0 ? outside_ : above[0]);
  }
  /// In the first row, before x is decoded: all that lies above equals what lies to the left.
  void FillAbove(int x) { std::fill_n(above + x - 2, 5, here[x - 1]); }
  void End() { std::fill_n(here + width_, 3, here[width_ - 1]); }

  T *here = nullptr, *above = nullptr, *above2 = nullptr;

 private:
  T* Memory(int i) { return memory_.data() + static_cast<size_t>(i) * (width_ + 6) + 3; }

  size_t width_;
  T outside_;
  std::vector<T> memory_;
};

class Matches {
 public:
  explicit Matches(size_t width) : pixels_(width, 0), wide_(kEntries), near_(kEntries), bits_(1024) {}

  void BeginRow(int y) { pixels_.Begin(y), first_ = y == 0; }
  void EndRow() { pixels_.End(); }
  /// Whether the pixel at x equals another, which is then put into `pixel`.
  bool Read(ResidualCoder* coder, int x, uint64_t* pixel);
  /// Must follow Read.
  void Learn(int x, uint64_t pixel);

 private:
  static constexpr size_t kEntries = 1 << 15;
  struct Entry {
    uint64_t pixel = 0;
    uint16_t check = 0;
    int16_t trust = -1;  ///< -1: empty
    bool Valid(uint64_t hash) const { return trust >= 0 && check == hash >> 48; }
    int Class(uint64_t hash) const;
    void Learn(uint64_t hash, uint64_t own);
  };

  Rows<uint64_t> pixels_;
  std::vector<Entry> wide_, near_;
  std::vector<AdaptiveBit> bits_;
  uint64_t wide_hash_ = 0, near_hash_ = 0;
  bool first_ = true;
};

}  // namespace aecomp_portable
