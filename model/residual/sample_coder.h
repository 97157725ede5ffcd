// Codes one sample: prediction, correction of its bias, the tables that its expected error selects, and the error.
// Encoder and decoder run the same code; Coder is SymbolEncoder or SymbolDecoder.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "model/residual/prediction.h"
#include "model/residual/symbol_coder.h"

namespace aecomp::residual {

inline constexpr int kSpreads = 40;  ///< levels of the expected size of an error, two an octave
inline constexpr int kMaxSpread = (1 << 21) - 1;
inline constexpr int kZero = 7, kEscape = 15;  ///< symbols: an error of 0, an error beyond +-7

/// Of an expected size in 1/16 steps: 0 for less than half a step, then two levels for each doubling.
inline int SpreadLevel(int32_t spread) {
  const auto u = static_cast<uint32_t>(spread >> 2) + 1;
  const int octave = std::bit_width(u) - 1;
  return 2 * octave + ((u << 4 >> octave) >= 23);
}

/// How many low bits of an error of this level are coded as they are.
inline int PlainBits(int level) { return std::min(std::max(0, (level - 4) >> 1), 15); }

/// The mean error of predictions in neighbourhoods that look alike; predictions are corrected by it.
class Bias {
 public:
  static constexpr int kContexts = 3 * 64;

  int32_t Of(int context) const {
    const Cell& cell = cells_[static_cast<size_t>(context)];
    return static_cast<int32_t>(cell.sum * kReciprocals[cell.count] >> 16);
  }
  /// most: of an error that counts.
  void Update(int context, int32_t error, int32_t most) {
    Cell& cell = cells_[static_cast<size_t>(context)];
    cell.sum += std::clamp(error, -most, most);
    if (++cell.count < 255) return;
    cell.count = 127;
    cell.sum /= 2;
  }

 private:
  struct Cell {
    int64_t sum = 0;
    size_t count = 0;
  };
  static constexpr std::array<int32_t, 256> kReciprocals = [] {
    std::array<int32_t, 256> r{};
    for (int i = 0; i < 256; ++i) r[static_cast<size_t>(i)] = 65536 / (i + 2);
    return r;
  }();
  std::array<Cell, kContexts> cells_{};
};

/// What a channel has learned so far.
struct ChannelState {
  static constexpr int kCoarseSpreads = 27, kErrorRatios = 5, kSlopeRatios = 6, kOtherRatios = 3;

  std::vector<AdaptiveTable> by_spread = std::vector<AdaptiveTable>(kSpreads * 4);
  std::vector<AdaptiveTable> by_texture =
      std::vector<AdaptiveTable>(kCoarseSpreads * kErrorRatios * kSlopeRatios * kOtherRatios);
  AdaptiveTable escapes;
  Bias bias;
};

/// The setting of a tile.
struct Precision {
  int most_error = 0;                ///< E
  int step = 1;                      ///< 2E + 1
  std::array<int32_t, 3> maximum{};  ///< of the samples of each channel
};

template <class Coder, int channel, bool base, bool exact>
class SampleCoder {
 public:
  /// All of them must outlive this. channels: those of the tile.
  SampleCoder(Coder& coder, const ChannelModel& model, ChannelState& state, ChannelRows* channels,
              const Precision& precision)
      : coder_(coder),
        model_(model),
        state_(state),
        channels_(channels),
        precision_(precision),
        maximum_(precision.maximum[channel]) {}

  /// The sample at column x; `wanted` is what the encoder codes. It goes into the rows.
  [[gnu::always_inline]] int32_t Code(const BaseRows& b, int x, int32_t wanted) {
    std::array<int32_t, kMaxTaps> taps;
    GatherTaps<channel, base>(channels_, b, x, taps.data());
    const Gradients gradients = GradientsAt<channel>(channels_, x);
    const int cls = ClassOf(model_, gradients);
    int32_t predicted = (Samples().row()[x - 1] << kWeightBits) + Predict<channel, base>(model_, cls, taps.data());
    const int32_t spread = Spread(b, x);
    const int level = SpreadLevel(spread);
    const int context = BiasContext(x, predicted >> kWeightBits, level);
    predicted = std::clamp(predicted + state_.bias.Of(context), 0, maximum_ << kWeightBits);

    const int32_t sample = CodeError(x, predicted, spread, level, wanted);
    Samples().row()[x] = sample;
    const int32_t error = (sample << kWeightBits) - predicted;
    const int32_t size = (error < 0 ? -error : error) >> (kWeightBits - kErrorBits);
    channels_[channel].errors.row()[x] = exact ? size : size / precision_.step;
    state_.bias.Update(context, error, std::max(8, (maximum_ + 1) >> 5) << kWeightBits);
    return sample;
  }

 private:
  Rows<int32_t>& Samples() { return channels_[channel].samples; }

  [[gnu::always_inline]] int32_t Spread(const BaseRows& b, int x) const {
    std::array<int32_t, kMaxFeatures> features;
    GatherFeatures<channel, base>(channels_, b, x, features.data());
    int64_t sum = 0;
    for (size_t i = 0; i < static_cast<size_t>(8 + 2 * channel + (base ? 1 : 0) + 1); ++i) {
      sum += int64_t{model_.spread[i]} * features[i];
    }
    return static_cast<int32_t>(std::clamp<int64_t>(sum >> kSpreadBits, 0, kMaxSpread));
  }

  /// Which of the samples around lie above the prediction, and whether errors are small, middling or large.
  [[gnu::always_inline]] int BiasContext(int x, int32_t predicted, int level) const {
    const Rows<int32_t>& own = channels_[channel].samples;
    const int32_t *row = own.row() + x, *n = own.above() + x, *nn = own.above2() + x;
    int context = (n[0] > predicted) | (row[-1] > predicted) << 1 | (n[1] > predicted) << 2 |
                  (2 * row[-1] - row[-2] > predicted) << 3 | (2 * n[0] - nn[0] > predicted) << 4;
    if constexpr (channel > 0) {
      const int32_t* other = channels_[channel - 1].samples.row() + x;
      context |= (row[-1] + other[0] - other[-1] > predicted) << 5;
    }
    return context + 64 * (level < 8 ? 0 : level < 16 ? 1 : 2);
  }

  [[gnu::always_inline]] int TextureContext(int x, int32_t spread, int level) const {
    const ChannelRows& own = channels_[channel];
    const int32_t *row = own.samples.row() + x, *n = own.samples.above() + x;
    const int64_t unit = int64_t{spread} + 1;
    const int64_t error = std::max(own.errors.row()[x - 1], own.errors.above()[x]);
    const int64_t slope = int64_t{std::max(Distance(row[-1], n[-1]), Distance(n[0], n[-1]))} << kErrorBits;
    const int64_t scaled = exact ? unit : unit * precision_.step;
    const int errors = (4 * error > unit) + (2 * error > unit) + (error > unit) + (error > 2 * unit);
    const int slopes =
        (2 * slope > scaled) + (slope > scaled) + (slope > 2 * scaled) + (slope > 4 * scaled) + (slope > 8 * scaled);
    int others = 0;
    if constexpr (channel > 0) {
      const int64_t other = channels_[channel - 1].errors.row()[x];
      others = (2 * other > unit) + (other > 2 * unit);
    }
    return ((level * 2 / 3 * ChannelState::kErrorRatios + errors) * ChannelState::kSlopeRatios + slopes) *
               ChannelState::kOtherRatios +
           others;
  }

  /// predicted: in 1/256 steps. Codes (sample - rounded prediction) / step and returns the sample that results.
  [[gnu::always_inline]] int32_t CodeError(int x, int32_t predicted, int32_t spread, int level, int32_t wanted) {
    const int32_t nearest = (predicted + 128) >> kWeightBits, rest = (predicted + 128) & 255;
    // The side to which the prediction was rounded away is the likelier one: it becomes the positive side.
    const bool flip = rest < 128;
    const int off = (flip ? 127 - rest : rest - 128) >> 5;  // 0 .. 3: how far off the nearest integer
    const int finer = level < 8 ? off : level < 12 ? off >> 1 : 0;
    const int plain = PlainBits(level);
    AdaptiveTable& a = state_.by_spread[static_cast<size_t>(level * 4 + finer)];
    AdaptiveTable& b = state_.by_texture[static_cast<size_t>(TextureContext(x, spread, level))];

    int32_t error = 0;
    if constexpr (std::is_same_v<Coder, SymbolEncoder>) {
      error = wanted - nearest;
      if constexpr (!exact) {
        error = error < 0 ? -((precision_.most_error - error) / precision_.step)
                          : (error + precision_.most_error) / precision_.step;
      }
      if (flip) error = -error;
    }
    const int32_t shifted = error + (plain > 0 ? 1 << (plain - 1) : 0);
    int32_t high = shifted >> plain;
    const int symbol = coder_.Symbol(a, b, high < -kZero || high > kZero ? kEscape : high + kZero);
    high = symbol == kEscape ? Escape(high) : symbol - kZero;
    const uint32_t low = coder_.Bits(plain, static_cast<uint32_t>(shifted) & ((1u << plain) - 1));
    int64_t decoded = (int64_t{high} << plain) + low - (plain > 0 ? 1 << (plain - 1) : 0);
    if (flip) decoded = -decoded;
    return static_cast<int32_t>(std::clamp<int64_t>(nearest + decoded * precision_.step, 0, maximum_));
  }

  /// An error beyond +-7: its sign, then |error| - 7 = 2^k + r as k and k bits.
  int32_t Escape(int32_t high) {
    const bool negative = coder_.Bits(1, high < 0) != 0;
    const auto excess = static_cast<uint32_t>((high < 0 ? -high : high) - kZero);
    const int k = coder_.Symbol(state_.escapes, std::max(0, static_cast<int>(std::bit_width(excess)) - 1));
    const int32_t size = static_cast<int32_t>((1u << k) + coder_.Bits(k, excess - (1u << k))) + kZero;
    return negative ? -size : size;
  }

  Coder& coder_;
  const ChannelModel& model_;
  ChannelState& state_;
  ChannelRows* const channels_;
  const Precision& precision_;
  const int32_t maximum_;
};

}  // namespace aecomp::residual
