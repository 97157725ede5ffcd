#include "model/filter/filter_rows.h"

#include <algorithm>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

/// Without a branch, and in T alone, so that compilers see vector code.
template <class T>
[[gnu::always_inline]] inline T Limited(T v, T low, T high) {
  v = v > low ? v : low;
  return v < high ? v : high;
}

/// |left + right - 2 middle|
template <class T>
[[gnu::always_inline]] inline T Bend(T left, T middle, T right) {
  const T d = static_cast<T>(left + right - 2 * middle), negative = static_cast<T>(-d);
  return d > negative ? d : negative;
}

template <class T, int kChannels>
[[gnu::always_inline]] inline void Activity(const T* row, int64_t stride, int64_t width, T* across, T* down) {
  const T *above = row - stride, *below = row + stride;
#pragma GCC ivdep
  for (int64_t i = 0; i < width; ++i) {
    across[i] = static_cast<T>(across[i] + Bend(row[i - kChannels], row[i], row[i + kChannels]));
    down[i] = static_cast<T>(down[i] + Bend(above[i], row[i], below[i]));
  }
}

/// The limited difference of a pair.
template <class T>
[[gnu::always_inline]] inline T Pair(T one, T other, T twice, T limit) {
  const T difference = static_cast<T>(static_cast<T>(one + other) - twice);
  return Limited(difference, static_cast<T>(-limit), limit);
}

template <class T, int kChannels, class Sample>
[[gnu::always_inline]] inline void Filtered(const T* row, int64_t stride, const FilterRules<T>& rules,
                                            const FilterRange& range, Sample* to) {
  constexpr int c = kChannels;
  const T *n = row - stride, *nn = n - stride, *nnn = nn - stride;
  const T *s = row + stride, *ss = s + stride, *sss = ss + stride;
  const T *limits = rules.limits, *w = rules.weights;
  const T low = static_cast<T>(range.low), high = static_cast<T>(range.high);
  const int64_t width = rules.width;
#pragma GCC ivdep
  for (int64_t i = 0; i < width; ++i) {
    const T x = row[i], twice = static_cast<T>(2 * x), limit = limits[i];
    T sum = 1 << (kFilterShift - 1);
    const auto add = [&](int k, T one, T other) __attribute__((always_inline)) {
      sum = static_cast<T>(sum + static_cast<T>(w[k * width + i] * Pair(one, other, twice, limit)));
    };
    add(0, nnn[i], sss[i]);
    add(1, nn[i - c], ss[i + c]), add(2, nn[i], ss[i]), add(3, nn[i + c], ss[i - c]);
    add(4, n[i - 2 * c], s[i + 2 * c]), add(5, n[i - c], s[i + c]), add(6, n[i], s[i]);
    add(7, n[i + c], s[i - c]), add(8, n[i + 2 * c], s[i - 2 * c]);
    add(9, row[i - 3 * c], row[i + 3 * c]), add(10, row[i - 2 * c], row[i + 2 * c]), add(11, row[i - c], row[i + c]);
    to[i] = static_cast<Sample>(Limited(static_cast<T>(x + static_cast<T>(sum >> kFilterShift)), low, high));
  }
}

template <class T>
[[gnu::always_inline]] inline void Pairs(const T* row, int64_t offset, const T* limits, int64_t width, int drop,
                                         int16_t* to) {
  const T *one = row + offset, *other = row - offset;
#pragma GCC ivdep
  for (int64_t i = 0; i < width; ++i) {
    to[i] = static_cast<int16_t>(Pair(one[i], other[i], static_cast<T>(2 * row[i]), limits[i]) >> drop);
  }
}

AECOMP_MULTIVERSION
void PairsOf(const int16_t* row, int64_t offset, const int16_t* limits, int64_t width, int drop, int16_t* to) {
  Pairs(row, offset, limits, width, drop, to);
}
AECOMP_MULTIVERSION
void PairsOf(const int32_t* row, int64_t offset, const int32_t* limits, int64_t width, int drop, int16_t* to) {
  Pairs(row, offset, limits, width, drop, to);
}

template <class T>
void AllPairs(const T* row, int64_t stride, int channels, const T* limits, int64_t width, int drop, int16_t* to) {
  for (const FilterPlace& place : kFilterPlaces) {
    PairsOf(row, place.row * stride + place.column * channels, limits, width, drop, to);
    to += width;
  }
}

AECOMP_MULTIVERSION
void Activity1(const int16_t* row, int64_t stride, int64_t width, int16_t* across, int16_t* down) {
  Activity<int16_t, 1>(row, stride, width, across, down);
}
AECOMP_MULTIVERSION
void Activity3(const int16_t* row, int64_t stride, int64_t width, int16_t* across, int16_t* down) {
  Activity<int16_t, 3>(row, stride, width, across, down);
}
AECOMP_MULTIVERSION
void Activity1(const int32_t* row, int64_t stride, int64_t width, int32_t* across, int32_t* down) {
  Activity<int32_t, 1>(row, stride, width, across, down);
}
AECOMP_MULTIVERSION
void Activity3(const int32_t* row, int64_t stride, int64_t width, int32_t* across, int32_t* down) {
  Activity<int32_t, 3>(row, stride, width, across, down);
}
AECOMP_MULTIVERSION
void Filter1(const int16_t* row, int64_t stride, const FilterRules<int16_t>& rules, const FilterRange& range,
             uint8_t* to) {
  Filtered<int16_t, 1>(row, stride, rules, range, to);
}
AECOMP_MULTIVERSION
void Filter3(const int16_t* row, int64_t stride, const FilterRules<int16_t>& rules, const FilterRange& range,
             uint8_t* to) {
  Filtered<int16_t, 3>(row, stride, rules, range, to);
}
AECOMP_MULTIVERSION
void Filter1(const int32_t* row, int64_t stride, const FilterRules<int32_t>& rules, const FilterRange& range,
             uint16_t* to) {
  Filtered<int32_t, 1>(row, stride, rules, range, to);
}
AECOMP_MULTIVERSION
void Filter3(const int32_t* row, int64_t stride, const FilterRules<int32_t>& rules, const FilterRange& range,
             uint16_t* to) {
  Filtered<int32_t, 3>(row, stride, rules, range, to);
}

}  // namespace

void AddActivity(const int16_t* row, int64_t stride, int64_t width, int channels, int16_t* across, int16_t* down) {
  channels == 1 ? Activity1(row, stride, width, across, down) : Activity3(row, stride, width, across, down);
}
void AddActivity(const int32_t* row, int64_t stride, int64_t width, int channels, int32_t* across, int32_t* down) {
  channels == 1 ? Activity1(row, stride, width, across, down) : Activity3(row, stride, width, across, down);
}

void FindPairs(const int16_t* row, int64_t stride, int channels, const int16_t* limits, int64_t width, int drop,
               int16_t* to) {
  AllPairs(row, stride, channels, limits, width, drop, to);
}
void FindPairs(const int32_t* row, int64_t stride, int channels, const int32_t* limits, int64_t width, int drop,
               int16_t* to) {
  AllPairs(row, stride, channels, limits, width, drop, to);
}

void FilterRow(const int16_t* row, int64_t stride, int channels, const FilterRules<int16_t>& rules,
               const FilterRange& range, uint8_t* to) {
  channels == 1 ? Filter1(row, stride, rules, range, to) : Filter3(row, stride, rules, range, to);
}
void FilterRow(const int32_t* row, int64_t stride, int channels, const FilterRules<int32_t>& rules,
               const FilterRange& range, uint16_t* to) {
  channels == 1 ? Filter1(row, stride, rules, range, to) : Filter3(row, stride, rules, range, to);
}

}  // namespace aecomp
