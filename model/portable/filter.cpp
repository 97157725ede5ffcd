#include "model/portable/filter.h"

#include <algorithm>
#include <cstdlib>

namespace aecomp_portable {
namespace {

constexpr int kFloors[15] = {24, 33, 48, 67, 96, 135, 192, 271, 384, 543, 768, 1086, 1536, 2172, 3072};
constexpr uint8_t kLimits[16] = {4, 4, 4, 4, 4, 4, 6, 8, 12, 17, 24, 34, 48, 68, 96, 127};
/// Rows and columns of a place of each pair.
constexpr int8_t kPlaces[12][2] = {{-3, 0}, {-2, -1}, {-2, 0}, {-2, 1}, {-1, -2}, {-1, -1},
                                   {-1, 0}, {-1, 1},  {-1, 2}, {0, -3}, {0, -2},  {0, -1}};

class Bits {
 public:
  explicit Bits(const Bytes& bytes) : bytes_(bytes) {}
  int Get(int count) {
    int value = 0;
    for (; count > 0; --count, ++at_) {
      value = 2 * value + (at_ / 8 < bytes_.size() ? bytes_[at_ / 8] >> (7 - at_ % 8) & 1 : 0);
    }
    return value;
  }
  /// 1000: no weight.
  int Weight(int order) {
    int zeros = 0;
    while (Get(1) == 0) {
      if (++zeros > 10) return 1000;
    }
    const int high = (1 << zeros) - 1 + Get(zeros), u = high << order | Get(order);
    return u % 2 == 1 ? u / 2 + 1 : -(u / 2);
  }
  bool AtEnd() {
    const size_t end = 8 * bytes_.size();
    return at_ <= end && end - at_ < 8 && Get(static_cast<int>(end - at_)) == 0;
  }

 private:
  const Bytes& bytes_;
  size_t at_ = 0;
};

/// Filters a picture from top to bottom. Of each row of blocks it keeps the samples around it as they were.
class Rows {
 public:
  Rows(const Filter& filter, const aecp_info& info, int low, int high, int gap, void* samples)
      : filter_(filter),
        samples_(samples),
        wide_(info.bits == 16),
        width_(static_cast<int>(info.width)),
        height_(static_cast<int>(info.height)),
        channels_(info.channels),
        low_(low),
        high_(high),
        pixel_(info.channels + gap),
        blocks_(DivideUp(width_, 4)),
        line_((4 * blocks_ + 8) * channels_),
        kept_(static_cast<size_t>(12 * line_ + 12)) {
    while ((high - low) >> shift_ > 255) ++shift_;
  }

  void Run() {
    for (int y = -4; y < height_; y += 4) {
      std::memmove(kept_.data(), Kept(0), static_cast<size_t>(8 * line_) * sizeof(int32_t));
      for (int row = 4; row < 8; ++row) Load(y + row, Kept(row));
      if (y < 0) {  // above the first row stands the first row
        for (int row = 0; row < 4; ++row) Load(0, Kept(row));
        continue;
      }
      for (int b = 0; b < blocks_; ++b) Block(y, b);
    }
  }

 private:
  /// Of the present row of blocks, whose rows are 0 to 3.
  int32_t* Kept(int row) { return kept_.data() + (4 + row) * line_; }
  size_t Index(int y, int x) const {
    return (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) *
           static_cast<size_t>(pixel_);
  }

  void Load(int y, int32_t* to) {
    for (int x = -4; x < 4 * blocks_ + 4; ++x) {
      const size_t from = Index(std::min(y, height_ - 1), std::clamp(x, 0, width_ - 1));
      for (size_t c = 0; c < static_cast<size_t>(channels_); ++c) {
        *to++ = wide_ ? static_cast<uint16_t*>(samples_)[from + c] : static_cast<uint8_t*>(samples_)[from + c];
      }
    }
  }

  void Block(int y, int b) {
    const int count = 4 * channels_;
    const int32_t* const first = Kept(0) + 4 * channels_ + b * count;
    int across = 0, down = 0;
    for (int row = 0; row < 4; ++row) {
      const int32_t* x = first + row * line_;
      for (int i = 0; i < count; ++i, ++x) {
        across += std::abs(2 * *x - x[-channels_] - x[channels_]);
        down += std::abs(2 * *x - x[-line_] - x[line_]);
      }
    }
    const int activity = (across + down) * 3 / channels_ >> shift_;
    int level = 0;
    while (level < 15 && activity >= kFloors[level]) ++level;
    const int direction = across > 2 * down ? 1 : down > 2 * across ? 2 : 0;
    const int number = filter_.number[16 * direction + level];
    if (number == 0) return;
    for (int row = 0; row < std::min(4, height_ - y); ++row) {
      Filtered(first + row * line_, filter_.weights[number - 1], kLimits[level] << shift_, y + row, 4 * b);
    }
  }

  /// Four pixels of a row, from x [4, channels_] to (row, column). Sums are those of three channels: more code would be
  /// no faster.
  void Filtered(const int32_t* x, const int16_t* weights, int limit, int row, int column) {
    int32_t sum[12];
    for (int i = 0; i < 12; ++i) sum[i] = 64;
    for (int k = 0; k < 12; ++k) {
      const int offset = kPlaces[k][0] * line_ + kPlaces[k][1] * channels_, weight = weights[k];
      for (int i = 0; i < 12; ++i) {
        const int pair = x[i + offset] + x[i - offset] - 2 * x[i], most = pair < limit ? pair : limit;
        sum[i] += weight * (most > -limit ? most : -limit);
      }
    }
    for (int i = 0; i < 4 && column + i < width_; ++i) {
      const size_t to = Index(row, column + i);
      for (int c = 0; c < channels_; ++c) {
        const int at = i * channels_ + c, v = std::clamp(x[at] + (sum[at] >> 7), low_, high_);
        if (wide_) {
          static_cast<uint16_t*>(samples_)[to + static_cast<size_t>(c)] = static_cast<uint16_t>(v);
        } else {
          static_cast<uint8_t*>(samples_)[to + static_cast<size_t>(c)] = static_cast<uint8_t>(v);
        }
      }
    }
  }

  const Filter& filter_;
  void* const samples_;
  const bool wide_;
  const int width_, height_, channels_, low_, high_, pixel_, blocks_, line_;
  int shift_ = 0;
  std::vector<int32_t> kept_;  ///< [12, line_]: a row of blocks, and four rows and columns around it
};

}  // namespace

Status Filter::Read(const Container& container) {
  const Chunk* chunk = container.Find("Filt");
  if (chunk == nullptr) return {};
  const Status bad = Corrupt("damaged: its chunk Filt");
  Bits bits(chunk->content);
  count = bits.Get(4) + 1;
  int size = 1;
  while (count >> size != 0) ++size;
  for (int c = 0; c < 48; ++c) {
    number[c] = c % 16 == 0 ? 0 : number[c - 1];
    if (bits.Get(1) == 1) number[c] = static_cast<uint8_t>(bits.Get(size));
    if (number[c] > count) return bad;
  }
  for (int n = 0; n < count; ++n) {
    const int shift = bits.Get(2), order = bits.Get(2);
    int sum = 0;
    for (int16_t& weight : weights[n]) {
      const int w = bits.Weight(order) * (1 << shift);
      sum += std::abs(w), weight = static_cast<int16_t>(w);
      if (sum > 256) return bad;
    }
  }
  return bits.AtEnd() ? Status() : bad;
}

void ApplyFilter(const Filter& filter, const aecp_info& info, int low, int high, int gap, void* samples) {
  if (filter.count > 0) Rows(filter, info, low, high, gap, samples).Run();
}

}  // namespace aecomp_portable
