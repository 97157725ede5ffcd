// A pixel of the result covers from.width / to.width pixels across. In steps of 1 / to.width of a pixel all borders are
// whole numbers: pixel i of the image covers to.width of them from i * to.width on, pixel j of the result from.width of
// them from j * from.width on. Down it is the same. The sums hold: a sample times its alpha is less than 2^32, and the
// weights of a pixel add up to from.width * from.height <= 2^30.
#include "io/area_average.h"

#include <algorithm>

namespace aecomp {

ImageSize SizeWithin(int64_t width, int64_t height, int64_t max_side) {
  const int64_t longest = std::max(width, height), side = std::min(max_side, longest);
  const auto scaled = [&](int64_t v) {
    return static_cast<int>(std::max<int64_t>(1, (2 * v * side + longest) / (2 * longest)));
  };
  return {scaled(width), scaled(height)};
}

AreaAverage::AreaAverage(const ImageSize& from, const ImageSize& to, int channels, int bits)
    : from_(from),
      to_(to),
      channels_(static_cast<size_t>(channels)),
      has_alpha_(channels % 2 == 0),
      row_sums_(static_cast<size_t>(to.width) * channels_),
      sums_(row_sums_.size()),
      result_(to.width, to.height, channels, bits) {}

void AreaAverage::Add(const Image& rows) { rows.bits == 8 ? AddRows<uint8_t>(rows) : AddRows<uint16_t>(rows); }

template <class Sample>
void AreaAverage::SumRow(const Sample* row) {
  std::fill(row_sums_.begin(), row_sums_.end(), 0);
  const auto add = [&](const Sample* pixel, uint64_t weight, uint64_t* sums) {
    const uint64_t opacity = has_alpha_ ? pixel[channels_ - 1] : 1;
    const size_t colours = channels_ - (has_alpha_ ? 1 : 0);
    for (size_t c = 0; c < colours; ++c) sums[c] += weight * opacity * pixel[c];
    if (has_alpha_) sums[colours] += weight * opacity;
  };
  const int64_t step = to_.width;
  int64_t begin = 0, border = from_.width;  // of the pixel; end of the pixel of the result
  uint64_t* sums = row_sums_.data();
  for (int x = 0; x < from_.width; ++x, begin += step, row += channels_) {
    const int64_t within = std::min(step, border - begin);
    add(row, static_cast<uint64_t>(within), sums);
    if (begin + step < border || x + 1 == from_.width) continue;
    border += from_.width, sums += channels_;
    if (within < step) add(row, static_cast<uint64_t>(step - within), sums);
  }
}

/// A row of the result whose sums are whole.
template <class Sample>
void AreaAverage::Finish() {
  const auto area = static_cast<uint64_t>(from_.width) * static_cast<uint64_t>(from_.height);
  auto* to = reinterpret_cast<Sample*>(result_.Row(made_++));
  for (size_t i = 0; i < sums_.size(); i += channels_) {
    const uint64_t opacity = has_alpha_ ? sums_[i + channels_ - 1] : area;
    for (size_t c = 0; c < channels_; ++c) {
      const uint64_t parts = has_alpha_ && c + 1 == channels_ ? area : opacity;
      to[i + c] = static_cast<Sample>(parts == 0 ? 0 : (sums_[i + c] + parts / 2) / parts);
    }
  }
  std::fill(sums_.begin(), sums_.end(), 0);
}

template <class Sample>
void AreaAverage::AddRows(const Image& rows) {
  const auto add = [&](int64_t weight) {
    for (size_t i = 0; i < sums_.size(); ++i) sums_[i] += row_sums_[i] * static_cast<uint64_t>(weight);
  };
  const int64_t step = to_.height;
  for (int y = 0; y < rows.height; ++y, ++row_) {
    SumRow(reinterpret_cast<const Sample*>(rows.Row(y)));
    const int64_t border = (made_ + int64_t{1}) * from_.height, begin = row_ * step;
    const int64_t within = std::min(step, border - begin);
    add(within);
    if (begin + step < border) continue;
    Finish<Sample>();
    if (within < step) add(step - within);
  }
}

}  // namespace aecomp
