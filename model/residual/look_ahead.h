// What of a neighbourhood does not depend on the row that is coded: computed for all of the row before, as vector code.
// With the rest, which SampleCoder adds, it is the Gradients and the Features of prediction.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "model/residual/prediction.h"

namespace aecomp::residual {

/// T: as that of ChannelRows. Sums of features and weights need 64 bits where samples have more than 8.
template <class T>
class LookAhead {
 public:
  using Sum = std::conditional_t<sizeof(T) == 2, int32_t, int64_t>;

  explicit LookAhead(int width)
      : across_(static_cast<size_t>(width)), down_(across_.size()), classes_(across_.size()), spread_(across_.size()) {}

  /// Columns from first to last - 1 of the present row.
  template <int channel, bool base>
  void Fill(const ChannelModel& model, const std::vector<ChannelRows<T>>& channels, const BaseRows<T>& b, int first,
            int last) {
    const ChannelRows<T>& own = channels[channel];
    const T *n = own.samples.above(), *nn = own.samples.above2();
    const T *e = own.errors.above(), *ee = own.errors.above2();
    const auto& w = model.spread;
    const Sum constant = Sum{w[Features(channel, base) - 1]} * 8;
    const Sum w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w6 = Sum{w[6]} << kErrorBits, w7 = Sum{w[7]} << kErrorBits;
    T *across = across_.data(), *down = down_.data();
    Sum* spread = spread_.data();
    for (int x = first; x < last; ++x) {
      const T north_west = Difference(n[x], n[x - 1]), north_east = Difference(n[x], n[x + 1]);
      across[x] = static_cast<T>(north_west + north_east);
      down[x] = static_cast<T>(Difference(n[x], nn[x]) + Difference(n[x + 1], nn[x + 1]));
      spread[x] = constant + w1 * e[x] + w2 * e[x - 1] + w3 * e[x + 1] + w4 * ee[x] + w6 * north_west + w7 * north_east;
    }
    for (int other = 0; other < channel; ++other) {
      const T* o = channels[static_cast<size_t>(other)].errors.above();
      const Sum weight = w[static_cast<size_t>(9 + 2 * other)];
      for (int x = first; x < last; ++x) spread[x] += weight * (o[x] + o[x + 1]);
    }
    if constexpr (base) {
      const Sum weight = Sum{w[Features(channel, base) - 2]} << kErrorBits;
      for (int x = first; x < last; ++x) {
        spread[x] += weight * (Difference(b.row[x], b.row[x - 1]) + Difference(b.row[x], b.row[x + 1]) +
                               Difference(b.row[x], b.above[x]) + Difference(b.row[x], b.below[x]));
      }
    }
  }

  /// The classes of these columns, where the row's samples are known already: an encoder's, of exact samples. After
  /// Fill.
  template <int channel>
  void FillClasses(const ChannelModel& model, const std::vector<ChannelRows<T>>& channels, int first, int last) {
    if (model.levels == 0) return;  // all stay 0
    constexpr int kMost = std::numeric_limits<T>::max();
    std::array<T, kMaxLevels - 1> thresholds;
    for (size_t i = 0; i < thresholds.size(); ++i) thresholds[i] = static_cast<T>(std::min(model.thresholds[i], kMost));
    const Rows<T>& own = channels[channel].samples;
    const Rows<T>& other = channels[channel == 0 ? 0 : channel - 1].samples;
    const T *row = own.row(), *n = own.above(), *o = other.row(), *on = other.above();
    T* classes = classes_.data();
    for (int x = first; x < last; ++x) {
      auto across = static_cast<T>(across_[static_cast<size_t>(x)] + Difference(row[x - 1], row[x - 2]));
      auto down = static_cast<T>(down_[static_cast<size_t>(x)] + Difference(row[x - 1], n[x - 1]));
      if constexpr (channel > 0) {
        across = static_cast<T>(across + 2 * Difference(o[x], o[x - 1]));
        down = static_cast<T>(down + 2 * Difference(o[x], on[x]));
      }
      const auto activity = static_cast<T>(across + down);
      T level = 0;
      for (const T threshold : thresholds) level = static_cast<T>(level + (activity >= threshold));
      const auto direction = static_cast<T>(1 - (across > 2 * down) + (down > 2 * across));
      classes[x] = static_cast<T>(level * kDirections + direction);
    }
  }
  /// What FillClasses has found.
  [[gnu::always_inline]] int ClassAt(int x) const { return classes_[static_cast<size_t>(x)]; }

  /// Without the differences that W is part of.
  [[gnu::always_inline]] Gradients GradientsAt(int x) const {
    return {across_[static_cast<size_t>(x)], down_[static_cast<size_t>(x)]};
  }
  /// Weighted features, without those that W is part of and those of other channels in this row.
  [[gnu::always_inline]] Sum SpreadAt(int x) const { return spread_[static_cast<size_t>(x)]; }

 private:
  static T Difference(T a, T b) { return static_cast<T>(a < b ? b - a : a - b); }

  std::vector<T> across_, down_, classes_;
  std::vector<Sum> spread_;
};

}  // namespace aecomp::residual
