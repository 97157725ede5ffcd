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
template <class Sample>
class Rows {
 public:
  Rows(const Filter& filter, const aecp_info& info, int low, int high, int gap, Sample* samples)
      : filter_(filter),
        samples_(samples),
        width_(static_cast<int>(info.width)),
        height_(static_cast<int>(info.height)),
        channels_(info.channels),
        low_(low),
        high_(high),
        pixel_(info.channels + gap),
        blocks_(DivideUp(width_, 4)),
        line_((4 * blocks_ + 8) * channels_),
        kept_(static_cast<size_t>(12 * line_)) {
    while ((high - low) >> shift_ > 255) ++shift_;
  }

  void Run() {
    for (int y = -4; y < height_; y += 4) {
      std::copy(kept_.begin() + 4 * line_, kept_.end(), kept_.begin());
      for (int row = 0; row < 4; ++row) Load(y + 4 + row, kept_.data() + (8 + row) * line_);
      if (y < 0) {  // above the first row stands the first row
        for (int row = 4; row < 8; ++row) Load(0, kept_.data() + row * line_);
        continue;
      }
      for (int b = 0; b < blocks_; ++b) Block(y, b);
    }
  }

 private:
  Sample* At(int y, int x) {
    return samples_ + (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x)) *
                          static_cast<size_t>(pixel_);
  }

  void Load(int y, int32_t* to) {
    for (int x = -4; x < 4 * blocks_ + 4; ++x) {
      const Sample* from = At(std::min(y, height_ - 1), std::clamp(x, 0, width_ - 1));
      for (int c = 0; c < channels_; ++c) *to++ = from[c];
    }
  }

  void Block(int y, int b) {
    const int count = 4 * channels_;
    const int32_t* const first = kept_.data() + 4 * line_ + 4 * channels_ + b * count;
    int across = 0, down = 0;
    for (int row = 0; row < 4; ++row) {
      const int32_t* x = first + row * line_;
      for (int i = 0; i < count; ++i) {
        across += std::abs(2 * x[i] - x[i - channels_] - x[i + channels_]);
        down += std::abs(2 * x[i] - x[i - line_] - x[i + line_]);
      }
    }
    const int activity = (across + down) * 3 / channels_ >> shift_;
    int level = 0;
    while (level < 15 && activity >= kFloors[level]) ++level;
    const int direction = across > 2 * down ? 1 : down > 2 * across ? 2 : 0;
    const int number = filter_.number[16 * direction + level];
    if (number == 0) return;
    const int limit = kLimits[level] << shift_;
    for (int row = 0; row < std::min(4, height_ - y); ++row) {
      const int32_t* x = first + row * line_;
      int32_t sum[12];
      std::fill(sum, sum + 12, 64);
      for (int k = 0; k < 12; ++k) {
        const int offset = kPlaces[k][0] * line_ + kPlaces[k][1] * channels_, weight = filter_.weights[number - 1][k];
        for (int i = 0; i < count; ++i) {
          sum[i] += weight * std::clamp(x[i + offset] + x[i - offset] - 2 * x[i], -limit, limit);
        }
      }
      for (int i = 0; i < 4 && 4 * b + i < width_; ++i) {
        Sample* to = At(y + row, 4 * b + i);
        for (int c = 0; c < channels_; ++c) {
          const int at = i * channels_ + c;
          to[c] = static_cast<Sample>(std::clamp(x[at] + (sum[at] >> 7), low_, high_));
        }
      }
    }
  }

  const Filter& filter_;
  Sample* samples_;
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
  if (filter.count == 0) return;
  if (info.bits == 8) {
    Rows<uint8_t>(filter, info, low, high, gap, static_cast<uint8_t*>(samples)).Run();
  } else {
    Rows<uint16_t>(filter, info, low, high, gap, static_cast<uint16_t*>(samples)).Run();
  }
}

}  // namespace aecomp_portable
