// Graphics repeat themselves. So before a pixel is predicted as numbers, it is compared with candidates that are likely
// to equal it. Two tables remember which pixel followed the same neighbourhood (prediction by partial matching, Cleary
// and Witten 1984, in two dimensions); the other candidates are the neighbours themselves. A bit for each candidate in
// turn says whether it is the pixel.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/residual/rows.h"
#include "model/residual/symbol_coder.h"

namespace aecomp::residual {

using Pixel = uint64_t;  ///< 16 bits a channel, the first lowest

class PixelMatch {
 public:
  explicit PixelMatch(int width) : rows_(width), wide_(kEntries), near_(kEntries) {}

  /// Codes whether the pixel at x is one of the candidates, and returns it then. accept: whether the encoder may take
  /// a candidate; the decoder's is not called. Remember must follow.
  template <class Coder, class Accept>
  std::optional<Pixel> Code(Coder& coder, int x, bool first_row, Accept accept) {
    if (first_row) rows_.ContinueUpwards(x);
    Look(x);
    for (int i = 0; i < count_; ++i) {
      const Candidate& candidate = candidates_[static_cast<size_t>(i)];
      if (coder.Bit(bits_[candidate.context], accept(candidate.pixel))) return candidate.pixel;
    }
    return std::nullopt;
  }

  void Remember(int x, Pixel pixel) {
    rows_.row()[x] = pixel;
    for (const auto& [table, at, check] :
         {Place{&wide_, wide_at_, wide_check_}, Place{&near_, near_at_, near_check_}}) {
      Entry& entry = (*table)[at];
      if (entry.check == check && entry.used && entry.pixel == pixel) {
        if (entry.trust < kMaxTrust) ++entry.trust;
      } else if (entry.check == check && entry.used && entry.trust > 0) {
        entry.trust = static_cast<uint8_t>(entry.trust / 2);
      } else {
        entry = {pixel, check, 0, true};
      }
    }
  }
  void NextRow() { rows_.Next(); }

 private:
  static constexpr size_t kEntries = 1 << 15;
  static constexpr uint8_t kMaxTrust = 15;
  static constexpr size_t kPatterns = 64;

  struct Entry {
    Pixel pixel = 0;
    uint16_t check = 0;
    uint8_t trust = 0;
    bool used = false;
  };
  struct Place {
    std::vector<Entry>* table;
    size_t at;
    uint16_t check;
  };
  struct Candidate {
    Pixel pixel;
    size_t context;  ///< of its bit
  };

  static uint64_t Mix(uint64_t hash, Pixel pixel) {
    hash = (hash ^ pixel) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
  }
  static constexpr std::array<uint8_t, kMaxTrust + 1> kTrustClass{0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6};

  void Add(Pixel pixel, size_t context) {
    for (int i = 0; i < count_; ++i) {
      if (candidates_[static_cast<size_t>(i)].pixel == pixel) return;
    }
    candidates_[static_cast<size_t>(count_++)] = {pixel, context};
  }

  void Look(int x) {
    const Pixel *row = rows_.row() + x, *n = rows_.above() + x, *nn = rows_.above2() + x;
    uint64_t hash = 0;
    for (const Pixel p : {row[-1], n[0], n[-1], n[1]}) hash = Mix(hash, p);
    near_at_ = hash % kEntries, near_check_ = static_cast<uint16_t>(hash >> 48);
    for (const Pixel p : {row[-2], nn[0], nn[1], nn[-1], n[2], n[-2], row[-3]}) hash = Mix(hash, p);
    wide_at_ = hash % kEntries, wide_check_ = static_cast<uint16_t>(hash >> 48);

    count_ = 0;
    const Entry &wide = wide_[wide_at_], &near = near_[near_at_];
    const bool in_wide = wide.used && wide.check == wide_check_, in_near = near.used && near.check == near_check_;
    const size_t near_class = in_near ? 1u + kTrustClass[near.trust] : 0;
    if (in_wide) {
      const bool agree = in_near && near.pixel == wide.pixel;
      Add(wide.pixel, (kTrustClass[wide.trust] * size_t{8} + near_class) * 2 + agree);
    }
    if (in_near) Add(near.pixel, 128 + (in_wide ? 1u + kTrustClass[wide.trust] : 0u) * 8 + near_class);
    const size_t pattern = size_t{row[-1] == n[0]} | size_t{n[0] == n[-1]} << 1 | size_t{n[0] == n[1]} << 2 |
                           size_t{row[-1] == n[-1]} << 3 | size_t{row[-1] == row[-2]} << 4 | size_t{n[0] == nn[0]} << 5;
    const size_t missed = static_cast<size_t>(count_);  // 0 .. 2
    size_t place = 0;
    for (const Pixel p : {row[-1], n[0], n[1], n[-1]}) Add(p, 256 + ((place++ * 3 + missed) * kPatterns + pattern));
  }

  Rows<Pixel> rows_;
  std::vector<Entry> wide_, near_;
  std::array<AdaptiveBit, 256 + 4 * 3 * kPatterns> bits_{};
  // Of the pixel at hand.
  std::array<Candidate, 6> candidates_{};
  int count_ = 0;
  size_t wide_at_ = 0, near_at_ = 0;
  uint16_t wide_check_ = 0, near_check_ = 0;
};

}  // namespace aecomp::residual
