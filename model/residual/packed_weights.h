// The weights of prediction.h in the order in which samples lie in memory, so that neighbours are multiplied eight at a
// time. PackedModel::Predict gives what GatherTaps and Predict give.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "model/residual/prediction.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace aecomp::residual {

inline constexpr size_t kLanes = 8;

/// A sum of products of eight neighbours and their weights.
template <class T>
class LaneSum {
 public:
  /// count: of the weights that are not 0, the first ones.
  template <size_t count>
  [[gnu::always_inline]] void Add(const T* values, const std::array<T, kLanes>& weights) {
    for (size_t i = 0; i < count; ++i) sum_ += int32_t{values[i]} * weights[i];
  }
  int32_t Total() const { return sum_; }

 private:
  int32_t sum_ = 0;
};

#if defined(__SSE2__)
template <>
class LaneSum<int16_t> {
 public:
  template <size_t>
  [[gnu::always_inline]] void Add(const int16_t* values, const std::array<int16_t, kLanes>& weights) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values));
    const __m128i w = _mm_load_si128(reinterpret_cast<const __m128i*>(weights.data()));
    sum_ = _mm_add_epi32(sum_, _mm_madd_epi16(v, w));
  }
  [[gnu::always_inline]] int32_t Total() const {
    const __m128i pairs = _mm_add_epi32(sum_, _mm_shuffle_epi32(sum_, _MM_SHUFFLE(1, 0, 3, 2)));
    return _mm_cvtsi128_si32(_mm_add_epi32(pairs, _mm_shuffle_epi32(pairs, _MM_SHUFFLE(2, 3, 0, 1))));
  }

 private:
  __m128i sum_ = _mm_setzero_si128();
};
#endif

/// T: as that of ChannelRows.
template <class T, int channel, bool base>
class PackedModel {
 public:
  explicit PackedModel(const ChannelModel& model) : classes_(static_cast<size_t>(model.classes())) {
    for (size_t i = 0; i < classes_.size(); ++i) classes_[i] = Pack(model.weights[i]);
  }

  /// The prediction in 1/256 steps. known: whether the samples of the present row were there long before, so that
  /// several can be read at once; just written one by one, they would be waited for.
  template <bool known>
  [[gnu::always_inline]] int32_t Predict(int cls, const ChannelRows<T>* channels, const BaseRows<T>& b, int x) const {
    const Class& c = classes_[static_cast<size_t>(cls)];
    const Rows<T>& own = channels[channel].samples;
    LaneSum<T> sum;
    sum.template Add<5>(own.above() + x - 2, c.north);
    sum.template Add<2>(own.above2() + x, c.north2);
    int32_t few = 0;
    if constexpr (known) {
      sum.template Add<2>(own.row() + x - 2, c.row);
    } else {
      few = c.west * own.row()[x - 1] + c.west2 * own.row()[x - 2];
    }
    for (size_t i = 0; i < static_cast<size_t>(channel); ++i) {
      const Rows<T>& o = channels[i].samples;
      const T* row = o.row() + x;
      sum.template Add<3>(o.above() + x - 1, c.other_north[i]);
      few += c.other_north2[i] * o.above2()[x];
      if constexpr (known) {
        sum.template Add<3>(row - 2, c.other_row[i]);
      } else {
        few += c.other_here[i] * row[0] + c.other_west[i] * row[-1] + c.other_west2[i] * row[-2];
      }
    }
    if constexpr (base) {
      sum.template Add<3>(b.row + x - 1, c.base_row);
      sum.template Add<3>(b.above + x - 1, c.base_above);
      sum.template Add<3>(b.below + x - 1, c.base_below);
    }
    return sum.Total() + few;
  }

 private:
  using Lanes = std::array<T, kLanes>;
  template <class V>
  using OfOthers = std::array<V, static_cast<size_t>(channel)>;

  struct alignas(16) Class {
    Lanes row{}, north{}, north2{}, base_row{}, base_above{}, base_below{};
    OfOthers<Lanes> other_row{}, other_north{};
    OfOthers<int32_t> other_here{}, other_west{}, other_west2{}, other_north2{};
    int32_t west = 0, west2 = 0;
  };

  /// Weights are of differences to a sample on the left, which gets the negated sum of them.
  static Class Pack(const std::array<int, kMaxTaps>& weights) {
    Class c;
    const int* w = weights.data();
    const auto lanes = [](std::initializer_list<int> few) {
      Lanes all{};
      size_t i = 0;
      for (const int weight : few) all[i++] = static_cast<T>(weight);
      return all;
    };
    c.west = 1 << kWeightBits;
    for (int i = 0; i < kOwnTaps; ++i) c.west -= w[i];
    c.north = lanes({w[7], w[1], w[0], w[2], w[6]}), c.north2 = lanes({w[4], w[5]}), c.west2 = w[3];
    w += kOwnTaps;
    for (size_t i = 0; i < static_cast<size_t>(channel); ++i, w += kOtherTaps) {
      c.other_here[i] = w[0], c.other_west2[i] = w[4], c.other_north2[i] = w[5];
      c.other_north[i] = lanes({w[3], w[1], w[2]});
      for (int k = 0; k < kOtherTaps; ++k) c.other_west[i] -= w[k];
      c.other_row[i] = lanes({c.other_west2[i], c.other_west[i], c.other_here[i]});
    }
    if constexpr (base) {
      c.base_row = lanes({w[1], w[0], w[2]}), c.base_above = lanes({0, w[3], w[7]});
      c.base_below = lanes({w[6], w[4], w[5]});
      for (int k = 0; k < kBaseTaps; ++k) c.west -= w[k];
    }
    c.row = lanes({c.west2, c.west});
    return c;
  }

  std::vector<Class> classes_;
};

}  // namespace aecomp::residual
