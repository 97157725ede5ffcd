#include "model/filter/filter_fit.h"

#include <algorithm>

#include "model/base/multiversion.h"
#include "model/filter/block_rows.h"

namespace aecomp {
namespace {

constexpr int kTerms = FilterStatistics::kTerms;
constexpr int kExtraBits = 3;  // of terms, beyond those of an 8-bit sample
constexpr size_t kMostSamples = FilterStatistics::kMostSamples;

/// Unused samples are 0.
AECOMP_MULTIVERSION
void AddProducts(const FilterStatistics::Terms& terms, int64_t* products) {
  for (size_t i = 0; i < kTerms; ++i) {
    for (size_t j = i; j < kTerms; ++j) {
      int32_t sum = 0;
      for (size_t k = 0; k < kMostSamples; ++k) sum += terms[i][k] * terms[j][k];
      products[i * kTerms + j] += sum;
    }
  }
}

}  // namespace

FilterStatistics::FilterStatistics(const FilterRange& range)
    : range_(range), drop_(std::max(0, range.shift() - kExtraBits)), products_(kFilterClasses) {}

void FilterStatistics::Add(const FilterStatistics& other) {
  for (size_t c = 0; c < products_.size(); ++c) {
    for (size_t i = 0; i < products_[c].size(); ++i) products_[c][i] += other.products_[c][i];
    samples_[c] += other.samples_[c];
  }
}

void FilterStatistics::Add(const Image& original, const Image& decoded, int64_t left, int64_t top, const Region& region,
                           int step) {
  if (original.bits == 8) {
    original.channels == 1 ? AddRows<1, uint8_t>(original, decoded, left, top, region, step)
                           : AddRows<3, uint8_t>(original, decoded, left, top, region, step);
  } else {
    original.channels == 1 ? AddRows<1, uint16_t>(original, decoded, left, top, region, step)
                           : AddRows<3, uint16_t>(original, decoded, left, top, region, step);
  }
}

template <int kChannels, class Sample>
void FilterStatistics::AddRows(const Image& original, const Image& decoded, int64_t left, int64_t top,
                               const Region& region, int step) {
  constexpr int kCount = kFilterBlock * kChannels;
  const auto up = [](int64_t v) { return (v + kFilterBlock - 1) / kFilterBlock * kFilterBlock; };
  const auto down = [](int64_t v) { return v / kFilterBlock * kFilterBlock; };
  const int64_t x0 = up(region.x), x1 = down(region.x + region.width), y1 = down(region.y + region.height);
  if (x0 >= x1) return;
  BlockRows<Sample> rows(kFilterBlock, x0, x1, kChannels);
  const int64_t width = rows.width();
  std::vector<uint8_t> classes(static_cast<size_t>(rows.blocks()));
  std::vector<FilterNumber<Sample>> limits(static_cast<size_t>(width));
  std::vector<int16_t> found(static_cast<size_t>(kFilterBlock * kTerms * width));  // [kFilterBlock, kTerms, width]
  for (int64_t y = up(region.y); y < y1; y += step * kFilterBlock) {
    for (int row = -kFilterReach; row < kFilterBlock + kFilterReach; ++row) {
      const int64_t at = std::clamp<int64_t>(y + row - top, 0, decoded.height - 1);
      rows.Load(row, reinterpret_cast<const Sample*>(decoded.Row(static_cast<int>(at))), left, decoded.width);
    }
    rows.Classify(0, range_, classes.data());
    for (int64_t i = 0; i < width; ++i) {
      const int level = classes[static_cast<size_t>(i / kCount)] % kFilterLevels;
      limits[static_cast<size_t>(i)] = static_cast<FilterNumber<Sample>>(kFilterLimits[level] << range_.shift());
    }
    for (int row = 0; row < kFilterBlock; ++row) {
      const auto* wanted = reinterpret_cast<const Sample*>(original.Row(static_cast<int>(y + row))) + x0 * kChannels;
      int16_t* to = found.data() + row * kTerms * width;
      FindPairs(rows.Row(row), rows.stride(), kChannels, limits.data(), width, drop_, to);
      FindErrors(rows.Row(row), wanted, width, to + kFilterPairs * width);
    }
    for (int64_t b = 0; b < rows.blocks(); ++b) {
      AddBlock<kCount>(found.data() + b * kCount, width, classes[static_cast<size_t>(b)]);
    }
  }
}

template <class Number, class Sample>
void FilterStatistics::FindErrors(const Number* decoded, const Sample* wanted, int64_t width, int16_t* to) const {
  const int most = 2048 << drop_;
  for (int64_t i = 0; i < width; ++i) {
    const int sample = std::clamp<int>(wanted[i], range_.low, range_.high);
    to[i] = static_cast<int16_t>(std::clamp(sample - static_cast<int>(decoded[i]), -most, most - 1) >> drop_);
  }
}

/// found: of the block's first sample, [kFilterBlock, kTerms, width].
template <int kCount>
void FilterStatistics::AddBlock(const int16_t* found, int64_t width, uint8_t of_class) {
  Terms terms;
  for (size_t term = 0; term < kTerms; ++term) {
    for (int row = 0; row < kFilterBlock; ++row) {
      std::copy_n(found + (row * kTerms + static_cast<int>(term)) * width, kCount, terms[term].data() + row * kCount);
    }
    std::fill(terms[term].begin() + kFilterBlock * kCount, terms[term].end(), int16_t{0});
  }
  AddProducts(terms, products_[of_class].data());
  samples_[of_class] += kFilterBlock * kCount;
}

}  // namespace aecomp
