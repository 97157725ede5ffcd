#include "model/filter/filter_image.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "io/first_exception.h"
#include "model/filter/block_rows.h"

namespace aecomp {
namespace {

constexpr int kBand = 32;  // rows of a thread's piece of work; what they are made of stays in its cache
constexpr int kKept = 2 * kFilterReach;
constexpr int64_t kPiece = 64;  // blocks whose rules are spread at a time; they stay in the first cache

/// Bands are filtered in place beside each other, so each of them reads what its neighbours change from a copy.
template <class Sample>
class BandFilter {
 public:
  BandFilter(const PictureFilter& filter, const FilterRange& range, int64_t left, int64_t top, const Region& region,
             Image& image)
      : filter_(filter),
        range_(range),
        left_(left),
        top_(top),
        region_(region),
        image_(image),
        line_(int64_t{image.width} * image.channels),
        first_(region.y / kFilterBlock * kFilterBlock),
        bands_((region.y + region.height - first_ + kBand - 1) / kBand) {}

  void Run() {
    kept_.resize(static_cast<size_t>((bands_ - 1) * kKept * line_));
    for (int64_t b = 1; b < bands_; ++b) {
      for (int i = 0; i < kKept; ++i) {
        std::copy_n(ImageRow(first_ + b * kBand - kFilterReach + i), line_, KeptRow(b, i));
      }
    }
    const int64_t left = region_.x / kFilterBlock * kFilterBlock;
    FirstException exception;
#pragma omp parallel if (bands_ > 1)
    {
      std::optional<BlockRows<Sample>> rows;  // one for all bands of a thread
#pragma omp for schedule(static)
      for (int64_t b = 0; b < bands_; ++b) {
        exception.Guard([&] {
          if (!rows) rows.emplace(kBand, left, region_.x + region_.width, image_.channels);
          image_.channels == 1 ? Band<1>(b, *rows) : Band<3>(b, *rows);
        });
      }
    }
    exception.Rethrow();
  }

 private:
  using Number = FilterNumber<Sample>;

  /// The nearest row that the image has.
  Sample* ImageRow(int64_t row) {
    const int64_t at = std::clamp<int64_t>(row - top_, 0, image_.height - 1);
    return reinterpret_cast<Sample*>(image_.Row(static_cast<int>(at)));
  }
  /// Of those around the upper end of band b.
  Sample* KeptRow(int64_t b, int64_t i) { return kept_.data() + ((b - 1) * kKept + i) * line_; }

  const Sample* Unfiltered(int64_t b, int row) {
    if (row < 0 && b > 0) return KeptRow(b, row + kFilterReach);
    if (row >= kBand && b < bands_ - 1) return KeptRow(b + 1, row - kBand + kFilterReach);
    return ImageRow(first_ + b * kBand + row);
  }

  template <int kChannels>
  void Band(int64_t b, BlockRows<Sample>& blocks) {
    const int64_t begin = first_ + b * kBand, end = std::min(begin + kBand, region_.y + region_.height);
    const auto rows = static_cast<int>((end - begin + kFilterBlock - 1) / kFilterBlock * kFilterBlock);
    for (int row = -kFilterReach; row < rows + kFilterReach; ++row) {
      blocks.Load(row, Unfiltered(b, row), left_, image_.width);
    }
    std::vector<uint8_t> classes(static_cast<size_t>(blocks.blocks()));
    for (int row = 0; row < rows; row += kFilterBlock) {
      blocks.Classify(row, range_, classes.data());
      for (int64_t piece = 0; piece < blocks.blocks(); piece += kPiece) {
        const int64_t count = std::min(kPiece, blocks.blocks() - piece);
        FilterBlocks<kChannels>({classes.data() + piece, static_cast<size_t>(count)}, piece, row, begin, end, blocks);
      }
    }
  }

  /// Blocks of one row of them, from block `first` on; `row` is that of the first in their band, which has the rows
  /// from begin to end.
  template <int kChannels>
  void FilterBlocks(std::span<const uint8_t> classes, int64_t first, int row, int64_t begin, int64_t end,
                    const BlockRows<Sample>& blocks) {
    constexpr int kCount = kFilterBlock * kChannels;
    std::array<Number, (kFilterPairs + 1) * kPiece * kCount> rules;
    std::array<Sample, kPiece * kCount> filtered;
    const int64_t width = std::ssize(classes) * kCount;
    if (!Spread<kCount>(classes, width, rules.data())) return;
    // Pixels of the region among those of the blocks.
    const int64_t left = region_.x / kFilterBlock * kFilterBlock + first * kFilterBlock;
    const int64_t x0 = std::max(region_.x, left);
    const int64_t x1 = std::min(region_.x + region_.width, left + std::ssize(classes) * kFilterBlock);
    for (int i = row; i < row + kFilterBlock; ++i) {
      if (begin + i < region_.y || begin + i >= end) continue;
      FilterRow(blocks.Row(i) + first * kCount, blocks.stride(), kChannels,
                {rules.data(), rules.data() + kFilterPairs * width, width}, range_, filtered.data());
      std::copy_n(filtered.data() + (x0 - left) * kChannels, (x1 - x0) * kChannels,
                  ImageRow(begin + i) + (x0 - left_) * kChannels);
    }
  }

  /// The weights and limits of every sample in a row of blocks; false where no block has a filter.
  template <int kCount>
  bool Spread(std::span<const uint8_t> classes, int64_t width, Number* to) const {
    static constexpr PictureFilter::Weights kNone{};
    const int shift = range_.shift();
    bool any = false;
    for (const uint8_t c : classes) {
      const uint8_t number = filter_.number[c];
      any |= number != 0;
      const PictureFilter::Weights& weights = number == 0 ? kNone : filter_.filters[number - 1u];
      for (int k = 0; k < kFilterPairs; ++k) {
        const auto weight = static_cast<Number>(weights[static_cast<size_t>(k)]);
        for (int i = 0; i < kCount; ++i) to[k * width + i] = weight;
      }
      const auto limit = static_cast<Number>(kFilterLimits[c % kFilterLevels] << shift);
      for (int i = 0; i < kCount; ++i) to[kFilterPairs * width + i] = limit;
      to += kCount;
    }
    return any;
  }

  const PictureFilter& filter_;
  const FilterRange range_;
  const int64_t left_, top_;
  const Region region_;
  Image& image_;
  const int64_t line_;           ///< samples of a row of the image
  const int64_t first_, bands_;  ///< the first row of the first band; how many there are
  std::vector<Sample> kept_;
};

}  // namespace

Region WithFilterReach(const Region& region, int64_t width, int64_t height) {
  const int64_t left = std::max<int64_t>(0, region.x - kFilterReach),
                top = std::max<int64_t>(0, region.y - kFilterReach);
  return {left, top, std::min(width, region.x + region.width + kFilterReach) - left,
          std::min(height, region.y + region.height + kFilterReach) - top};
}

void ApplyFilter(const PictureFilter& filter, const FilterRange& range, int64_t left, int64_t top, const Region& region,
                 Image& image) {
  if (image.bits == 8) {
    BandFilter<uint8_t>(filter, range, left, top, region, image).Run();
  } else {
    BandFilter<uint16_t>(filter, range, left, top, region, image).Run();
  }
}

}  // namespace aecomp
