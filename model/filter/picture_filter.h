// A filter that is fitted to one picture and travels in its file: what it is made of. The decoder applies it to its
// samples, in integers. CODING.md, "The picture's filter", specifies it; a version for moving pictures is the adaptive
// loop filter of VVC (Tsai et al., IEEE J. Sel. Top. Signal Process. 7(6), 2013).
//
//   class of a block = its level of activity and its direction
//   sample += sum over 12 pairs of places of weight(class) * (what both differ from the sample, limited)
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace aecomp {

inline constexpr int kFilterBlock = 4;  ///< side of the blocks that have a class, in pixels
inline constexpr int kFilterReach = 4;  ///< a sample depends on those of this many rows and columns around it

inline constexpr int kFilterPairs = 12;
/// One place of each pair, from the sample: a diamond of seven rows. The other place is its mirror image.
struct FilterPlace {
  int row, column;
};
inline constexpr std::array<FilterPlace, kFilterPairs> kFilterPlaces = {
    {{-3, 0}, {-2, -1}, {-2, 0}, {-2, 1}, {-1, -2}, {-1, -1}, {-1, 0}, {-1, 1}, {-1, 2}, {0, -3}, {0, -2}, {0, -1}}};

inline constexpr int kFilterShift = 7;                       ///< weights are in units of 2^-7
inline constexpr int kMostFilterWeight = 2 << kFilterShift;  ///< the sum of their magnitudes: 16 bits hold all sums
inline constexpr int kFilterLevels = 16, kFilterDirections = 3;
inline constexpr int kFilterClasses = kFilterLevels * kFilterDirections;
inline constexpr int kMostFilters = 16;

/// From this activity on a block has level 1, 2, ..: steps of sqrt(2).
inline constexpr std::array<int, kFilterLevels - 1> kFilterLevelFloors = {24,  33,  48,  67,   96,   135,  192, 271,
                                                                          384, 543, 768, 1086, 1536, 2172, 3072};
/// Farther than this a pair does not count, in 1/256 of the range of samples, by level.
inline constexpr std::array<int16_t, kFilterLevels> kFilterLimits = {4,  4,  4,  4,  4,  4,  6,  8,
                                                                     12, 17, 24, 34, 48, 68, 96, 127};

struct PictureFilter {
  using Weights = std::array<int16_t, kFilterPairs>;
  std::vector<Weights> filters;  ///< 1 to kMostFilters
  /// Number of a class's filter, from 1 on; 0: its blocks stay as they are. The class is
  /// direction * kFilterLevels + level.
  std::array<uint8_t, kFilterClasses> number{};
};

/// Which samples there are.
struct FilterRange {
  int low = 0, high = 255;
  /// Limits and activity are in units of 2^shift samples: at most 256 of them are the whole range.
  int shift() const {
    int n = 0;
    while ((high - low) >> n > 255) ++n;
    return n;
  }
};

}  // namespace aecomp
