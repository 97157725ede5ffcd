// What the encoder measures to fit a filter to a picture.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "io/image.h"
#include "io/region.h"
#include "model/filter/picture_filter.h"

namespace aecomp {

/// For each class, sums over samples of the products of what a filter sees: the limited differences of the twelve pairs
/// and, as the last of the terms, how far the original is from the decoded sample.
class FilterStatistics {
 public:
  static constexpr int kTerms = kFilterPairs + 1;
  using Products = std::array<int64_t, kTerms * kTerms>;  ///< [kTerms, kTerms]: those whose row is at most the column

  /// The terms of a block, sample by sample. Those that a block of one channel does not have are 0.
  static constexpr size_t kMostSamples = 3 * kFilterBlock * kFilterBlock;
  using Terms = std::array<std::array<int16_t, kMostSamples>, kTerms>;

  explicit FilterStatistics(const FilterRange& range);

  /// Adds the blocks that lie in `region` as a whole, of every `step`th row of blocks. decoded: the part of the picture
  /// whose first pixel is (left, top), with kFilterReach pixels around the region or up to the picture's end; original:
  /// the whole picture, of the same kind, with 1 or 3 channels.
  void Add(const Image& original, const Image& decoded, int64_t left, int64_t top, const Region& region, int step = 1);
  void Add(const FilterStatistics& other);

  const Products& products(int of_class) const { return products_[static_cast<size_t>(of_class)]; }
  int64_t samples(int of_class) const { return samples_[static_cast<size_t>(of_class)]; }
  /// What a product of 1 is worth, in squared steps of a sample.
  double unit() const { return static_cast<double>(int64_t{1} << 2 * drop_); }

 private:
  template <int kChannels, class Sample>
  void AddRows(const Image& original, const Image& decoded, int64_t left, int64_t top, const Region& region, int step);
  template <class Number, class Sample>
  void FindErrors(const Number* decoded, const Sample* wanted, int64_t width, int16_t* to) const;
  template <int kCount>
  void AddBlock(const int16_t* found, int64_t width, uint8_t of_class);

  FilterRange range_;
  int drop_;  ///< bits that terms are too long for 16
  std::vector<Products> products_;
  std::array<int64_t, kFilterClasses> samples_{};
};

}  // namespace aecomp
