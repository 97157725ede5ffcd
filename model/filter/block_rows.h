// Rows of a part of a picture around its blocks, as numbers to compute with, and the classes of those blocks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "io/image.h"
#include "model/filter/filter_rows.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

/// Samples of some rows of the picture, with kFilterReach more above and below and on both sides.
template <class Sample>
class BlockRows {
 public:
  using Number = FilterNumber<Sample>;

  /// For up to `rows` rows, a multiple of kFilterBlock, and pixels from `left`, a multiple of kFilterBlock, up to
  /// `right` of a picture's columns.
  BlockRows(int rows, int64_t left, int64_t right, int channels)
      : left_(left),
        blocks_((right - left + kFilterBlock - 1) / kFilterBlock),
        channels_(channels),
        stride_((blocks_ * kFilterBlock + 2 * kFilterReach) * channels),
        samples_(static_cast<size_t>((rows + 2 * kFilterReach) * stride_)),
        across_(static_cast<size_t>(width())),
        down_(across_.size()) {}

  int64_t blocks() const { return blocks_; }  ///< across
  int64_t width() const { return blocks_ * kFilterBlock * channels_; }
  int64_t stride() const { return stride_; }

  /// Row `row`, -kFilterReach .. rows + kFilterReach - 1, at the first pixel of the first block.
  const Number* Row(int row) const {
    return samples_.data() + (row + kFilterReach) * stride_ + kFilterReach * channels_;
  }

  /// Fills a row. from: a row of a part of the picture that begins at the column `part_left` and has `part_width`
  /// pixels; beyond them stands the nearest.
  void Load(int row, const Sample* from, int64_t part_left, int64_t part_width) {
    Number* to = samples_.data() + (row + kFilterReach) * stride_;
    const int64_t begin = left_ - kFilterReach - part_left, end = begin + stride_ / channels_;
    const int64_t inside = std::clamp<int64_t>(0, begin, end), outside = std::clamp(part_width, inside, end);
    for (int64_t x = begin; x < inside; ++x, to += channels_) std::copy_n(from, channels_, to);
    to = std::copy_n(from + inside * channels_, (outside - inside) * channels_, to);
    const Sample* last = from + (part_width - 1) * channels_;
    for (int64_t x = outside; x < end; ++x, to += channels_) std::copy_n(last, channels_, to);
  }

  /// The classes of the blocks whose first row is `row`. classes: [blocks()]
  void Classify(int row, const FilterRange& range, uint8_t* classes) {
    std::fill(across_.begin(), across_.end(), Number{0});
    std::fill(down_.begin(), down_.end(), Number{0});
    for (int i = 0; i < kFilterBlock; ++i) {
      AddActivity(Row(row + i), stride_, width(), channels_, across_.data(), down_.data());
    }
    channels_ == 1 ? Classes<1>(range.shift(), classes) : Classes<3>(range.shift(), classes);
  }

 private:
  /// From the second differences of a row of blocks.
  template <int kChannels>
  void Classes(int shift, uint8_t* classes) const {
    constexpr int kCount = kFilterBlock * kChannels;
    for (int64_t b = 0; b < blocks_; ++b) {
      const Number *h = across_.data() + b * kCount, *v = down_.data() + b * kCount;
      int32_t across = 0, down = 0;
      for (int i = 0; i < kCount; ++i) across += h[i], down += v[i];
      const int32_t activity = (across + down) * (3 / kChannels) >> shift;
      int level = 0;
      for (const int floor : kFilterLevelFloors) level += activity >= floor;
      const int direction = across > 2 * down ? 1 : down > 2 * across ? 2 : 0;
      classes[b] = static_cast<uint8_t>(direction * kFilterLevels + level);
    }
  }

  int64_t left_, blocks_;
  int channels_;
  int64_t stride_;  ///< numbers from one row to the next
  std::vector<Number> samples_, across_, down_;
};

}  // namespace aecomp
