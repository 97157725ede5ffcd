// How a sample is predicted: a weighted sum of differences between samples around it, the weights chosen by how the
// neighbourhood looks. The weights are fitted to the tile by the encoder (see fit.h) and stand in its stream.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "model/residual/rows.h"

namespace aecomp::residual {

inline constexpr int kWeightBits = 8;  ///< a weight of 1 is 2^8
inline constexpr int kMaxWeight = 4 << kWeightBits;
inline constexpr int kMaxLevels = 6;  ///< of activity
inline constexpr int kDirections = 3;
inline constexpr int kMaxClasses = kMaxLevels * kDirections;
inline constexpr int kOwnTaps = 8, kOtherTaps = 6, kBaseTaps = 8;
inline constexpr int kMaxTaps = kOwnTaps + 2 * kOtherTaps + kBaseTaps;
inline constexpr int kMaxFeatures = 14;
inline constexpr int kErrorBits = 4;    ///< magnitudes of errors are kept in 1/16 steps
inline constexpr int kSpreadBits = 12;  ///< a spread weight of 1 is 2^12

/// What the stream of a tile says of one channel.
struct ChannelModel {
  int levels = 0;                          ///< of activity; 0: the weights are kPlainWeights
  std::array<int, kMaxLevels> thresholds;  ///< ascending; levels - 1 of them count, the rest is never reached
  std::array<std::array<int, kMaxTaps>, kMaxClasses> weights{};
  std::array<int, kMaxFeatures> spread{};  ///< weights of Features

  ChannelModel() { thresholds.fill(std::numeric_limits<int>::max()); }

  int classes() const { return levels == 0 ? 1 : levels * kDirections; }
};

/// N + W - NW, damped.
inline constexpr int kPlainNorth = 192, kPlainNorthWest = -96, kPlainNorthEast = 32, kPlainBase = 128;

/// The base around the sample: rows y - 1, y, y + 1 of one channel of x^, which continue by one column on each side.
template <class T>
struct BaseRows {
  const T* above = nullptr;
  const T* row = nullptr;
  const T* below = nullptr;
};

/// One channel while it is coded: samples, and the magnitudes of the errors of their predictions. T: int16_t where
/// samples have at most 8 bits, else int32_t.
template <class T>
struct ChannelRows {
  ChannelRows(int width, int middle) : samples(width, static_cast<T>(middle)), errors(width) {}
  Rows<T> samples, errors;
};

inline int Taps(int channel, bool base) { return kOwnTaps + channel * kOtherTaps + (base ? kBaseTaps : 0); }
inline int Features(int channel, bool base) { return 8 + 2 * channel + (base ? 1 : 0) + 1; }

inline int Distance(int32_t a, int32_t b) { return a < b ? b - a : a - b; }

/// taps: Taps() differences. channels: of those before `channel` the sample at x is known.
template <int channel, bool base>
[[gnu::always_inline]] inline void GatherTaps(const ChannelRows<int32_t>* channels, const BaseRows<int32_t>& b, int x,
                                              int32_t* taps) {
  const Rows<int32_t>& own = channels[channel].samples;
  const int32_t *row = own.row() + x, *n = own.above() + x, *nn = own.above2() + x;
  const int32_t west = row[-1];
  int at = 0;
  for (const int32_t v : {n[0], n[-1], n[1], row[-2], nn[0], nn[1], n[2], n[-2]}) taps[at++] = v - west;
  for (int other = 0; other < channel; ++other) {
    const Rows<int32_t>& o = channels[other].samples;
    const int32_t *orow = o.row() + x, *on = o.above() + x, *onn = o.above2() + x;
    for (const int32_t v : {orow[0], on[0], on[1], on[-1], orow[-2], onn[0]}) taps[at++] = v - orow[-1];
  }
  if constexpr (base) {
    for (const int32_t v : {b.row[x], b.row[x - 1], b.row[x + 1], b.above[x], b.below[x], b.below[x + 1],
                            b.below[x - 1], b.above[x + 1]}) {
      taps[at++] = v - west;
    }
  }
}

/// Differences across and down, of the activity and direction of a neighbourhood.
struct Gradients {
  int across = 0, down = 0;
};
template <int channel>
[[gnu::always_inline]] inline Gradients GradientsAt(const ChannelRows<int32_t>* channels, int x) {
  const Rows<int32_t>& own = channels[channel].samples;
  const int32_t *row = own.row() + x, *n = own.above() + x, *nn = own.above2() + x;
  Gradients g{Distance(row[-1], row[-2]) + Distance(n[0], n[-1]) + Distance(n[0], n[1]),
              Distance(row[-1], n[-1]) + Distance(n[0], nn[0]) + Distance(n[1], nn[1])};
  if constexpr (channel > 0) {
    const Rows<int32_t>& o = channels[channel - 1].samples;
    g.across += 2 * Distance(o.row()[x], o.row()[x - 1]);
    g.down += 2 * Distance(o.row()[x], o.above()[x]);
  }
  return g;
}

[[gnu::always_inline]] inline int ClassOf(const ChannelModel& model, const Gradients& g) {
  if (model.levels == 0) return 0;
  const int activity = g.across + g.down;
  int level = 0;
  for (size_t i = 0; i + 1 < kMaxLevels; ++i) level += activity >= model.thresholds[i];
  const int direction = 1 - (g.across > 2 * g.down) + (g.down > 2 * g.across);
  return level * kDirections + direction;
}

/// The prediction less the sample to the left, in 1/256 steps.
template <int channel, bool base>
[[gnu::always_inline]] inline int32_t Predict(const ChannelModel& model, int cls, const int32_t* taps) {
  const auto& weights = model.weights[static_cast<size_t>(cls)];
  int32_t sum = 0;
  for (int i = 0; i < kOwnTaps + channel * kOtherTaps + (base ? kBaseTaps : 0); ++i) {
    sum += weights[static_cast<size_t>(i)] * taps[i];
  }
  return sum;
}

/// Inputs of the guess how large the error is: errors around the sample, errors of other channels at its place, and
/// differences between samples, all in 1/16 steps.
template <int channel, bool base>
[[gnu::always_inline]] inline void GatherFeatures(const ChannelRows<int32_t>* channels, const BaseRows<int32_t>& b,
                                                  int x, int32_t* features) {
  const Rows<int32_t>&own = channels[channel].samples, &errors = channels[channel].errors;
  const int32_t *row = own.row() + x, *n = own.above() + x;
  const int32_t *error = errors.row() + x, *error_n = errors.above() + x;
  int at = 0;
  features[at++] = error[-1];
  features[at++] = error_n[0];
  features[at++] = error_n[-1];
  features[at++] = error_n[1];
  features[at++] = error[-2] + errors.above2()[x];
  features[at++] = Distance(row[-1], n[-1]) << kErrorBits;
  features[at++] = Distance(n[0], n[-1]) << kErrorBits;
  features[at++] = Distance(n[0], n[1]) << kErrorBits;
  for (int other = 0; other < channel; ++other) {
    const Rows<int32_t>& o = channels[other].errors;
    features[at++] = o.row()[x];
    features[at++] = o.row()[x - 1] + o.above()[x] + o.above()[x + 1];
  }
  if constexpr (base) {
    features[at++] = (Distance(b.row[x], b.row[x - 1]) + Distance(b.row[x], b.row[x + 1]) +
                      Distance(b.row[x], b.above[x]) + Distance(b.row[x], b.below[x]))
                     << kErrorBits;
  }
  features[at] = 8;
}

}  // namespace aecomp::residual
