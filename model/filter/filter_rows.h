// The arithmetic of a picture's filter on rows of samples, in vector code: numbers of 16 bits for samples of 8, of 32
// for samples of 16. Rows hold interleaved channels, 1 or 3.
#pragma once

#include <cstdint>
#include <type_traits>

#include "model/filter/picture_filter.h"

namespace aecomp {

/// What holds a sample and all sums over its neighbours.
template <class Sample>
using FilterNumber = std::conditional_t<sizeof(Sample) == 1, int16_t, int32_t>;

/// Adds the second differences of a row of `width` samples, across and down, to those of the rows above it in the same
/// blocks. row[-channels] and row[width] exist, and so do the rows at -stride and stride.
void AddActivity(const int16_t* row, int64_t stride, int64_t width, int channels, int16_t* across, int16_t* down);
void AddActivity(const int32_t* row, int64_t stride, int64_t width, int channels, int32_t* across, int32_t* down);

/// The rules of every sample of a row of blocks.
template <class T>
struct FilterRules {
  const T* weights = nullptr;  ///< [kFilterPairs, width]
  const T* limits = nullptr;   ///< [width]
  int64_t width = 0;
};

/// Filtered samples of a row. All that kFilterPlaces names exists. to: [rules.width]
void FilterRow(const int16_t* row, int64_t stride, int channels, const FilterRules<int16_t>& rules,
               const FilterRange& range, uint8_t* to);
void FilterRow(const int32_t* row, int64_t stride, int channels, const FilterRules<int32_t>& rules,
               const FilterRange& range, uint16_t* to);

/// What the weights of every sample of a row multiply, without its last `drop` bits. to: [kFilterPairs, width]
void FindPairs(const int16_t* row, int64_t stride, int channels, const int16_t* limits, int64_t width, int drop,
               int16_t* to);
void FindPairs(const int32_t* row, int64_t stride, int channels, const int32_t* limits, int64_t width, int drop,
               int16_t* to);

}  // namespace aecomp
