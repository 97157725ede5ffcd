// Codes one sample: prediction, correction of its bias, the tables that its expected error selects, and the error.
// Encoder and decoder run the same code; Coder is SymbolEncoder or SymbolDecoder.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "model/residual/look_ahead.h"
#include "model/residual/packed_weights.h"
#include "model/residual/prediction.h"
#include "model/residual/symbol_coder.h"

namespace aecomp::residual {

inline constexpr int kSpreads = 40;  ///< levels of the expected size of an error, two an octave
inline constexpr int kMaxSpread = (1 << 21) - 1;
inline constexpr int kZero = 7, kEscape = 15;  ///< symbols: an error of 0, an error beyond +-7

/// Of an expected size in 1/16 steps: 0 for less than half a step, then two levels for each doubling.
inline int SpreadLevel(int32_t spread) {
  const auto u = static_cast<uint32_t>(spread >> 2) + 1;
  const int octave = std::bit_width(u | 1) - 1;
  return 2 * octave + ((u << 4 >> octave) >= 23);
}

/// What follows from a level. Tables, as branches on it would be guessed wrong.
struct LevelTraits {
  uint8_t plain;    ///< how many low bits of an error are coded as they are
  uint8_t blur;     ///< log2 of how many quarters of a step, by which a prediction is off, share a table
  uint16_t bias;    ///< first context of Bias
  uint16_t tables;  ///< first table of ChannelState::by_texture
};

/// The mean error of predictions in neighbourhoods that look alike; predictions are corrected by it.
class Bias {
 public:
  static constexpr int kContexts = 3 * 64;

  int32_t Of(int context) const { return cells_[static_cast<size_t>(context)].mean; }
  /// most: of an error that counts.
  void Update(int context, int32_t error, int32_t most) {
    Cell& cell = cells_[static_cast<size_t>(context)];
    cell.sum += std::clamp(error, -most, most);
    if (++cell.count == 255) [[unlikely]] {
      cell.count = 127;
      cell.sum /= 2;
    }
    cell.mean = static_cast<int32_t>(cell.sum * kReciprocals[cell.count] >> 16);
  }

 private:
  struct Cell {
    int64_t sum = 0;
    uint32_t count = 0;
    int32_t mean = 0;
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

inline constexpr std::array<LevelTraits, kSpreads> kLevels = [] {
  std::array<LevelTraits, kSpreads> levels{};
  for (int l = 0; l < kSpreads; ++l) {
    LevelTraits& t = levels[static_cast<size_t>(l)];
    t.plain = static_cast<uint8_t>(l < 4 ? 0 : (l - 4) / 2 < 15 ? (l - 4) / 2 : 15);
    t.blur = l < 8 ? 0 : l < 12 ? 1 : 2;
    t.bias = l < 8 ? 0 : l < 16 ? 64 : 128;
    t.tables = static_cast<uint16_t>(l * 2 / 3 * ChannelState::kErrorRatios * ChannelState::kSlopeRatios *
                                     ChannelState::kOtherRatios);
  }
  return levels;
}();

/// The setting of a tile.
struct Precision {
  int most_error = 0;                ///< E
  int step = 1;                      ///< 2E + 1
  std::array<int32_t, 3> maximum{};  ///< of the samples of each channel
};

/// T: as that of ChannelRows.
template <class Coder, class T, int channel, bool base, bool exact>
class SampleCoder {
 public:
  /// Whether the rows have the samples of the present row before they are coded, and `ahead` its classes.
  static constexpr bool kKnown = exact && std::is_same_v<Coder, SymbolEncoder>;

  /// All of them must outlive this. channels: those of the tile. ahead: of this channel, filled.
  SampleCoder(Coder& coder, const ChannelModel& model, const PackedModel<T, channel, base>& weights,
              const LookAhead<T>& ahead, ChannelState& state, ChannelRows<T>* channels, const Precision& precision)
      : coder_(coder),
        model_(model),
        weights_(weights),
        ahead_(ahead),
        state_(state),
        channels_(channels),
        precision_(precision),
        maximum_(precision.maximum[channel]) {}

  /// The sample at column x; `wanted` is what the encoder codes. It goes into the rows.
  [[gnu::always_inline]] int32_t Code(const BaseRows<T>& b, int x, int32_t wanted) {
    const int cls = kKnown ? ahead_.ClassAt(x) : ClassOf(model_, GradientsAt(x));
    int32_t predicted = weights_.template Predict<kKnown>(cls, channels_, b, x);
    const int32_t spread = SpreadAt(x);
    const int level = SpreadLevel(spread);
    const LevelTraits& traits = kLevels[static_cast<size_t>(level)];
    const int context = traits.bias + Surroundings(x, predicted >> kWeightBits);
    predicted = std::clamp(predicted + state_.bias.Of(context), 0, maximum_ << kWeightBits);

    const int32_t sample = CodeError(x, predicted, spread, level, traits, wanted);
    if constexpr (!kKnown) channels_[channel].samples.row()[x] = static_cast<T>(sample);
    const int32_t error = (sample << kWeightBits) - predicted;
    const int32_t size = (error < 0 ? -error : error) >> (kWeightBits - kErrorBits);
    channels_[channel].errors.row()[x] = static_cast<T>(exact ? size : size / precision_.step);
    state_.bias.Update(context, error, std::max(8, (maximum_ + 1) >> 5) << kWeightBits);
    return sample;
  }

 private:
  using Sum = typename LookAhead<T>::Sum;
  static constexpr bool kNarrow = sizeof(T) == 2;
  using Comparable = std::conditional_t<kNarrow && exact, uint32_t, uint64_t>;  ///< of sizes of errors, times 8
  using Error = std::conditional_t<kNarrow && exact, int32_t, int64_t>;         ///< an escape of 2^16 << PlainBits fits

  [[gnu::always_inline]] Gradients GradientsAt(int x) const {
    const Rows<T>& own = channels_[channel].samples;
    const int32_t west = own.row()[x - 1];
    Gradients g = ahead_.GradientsAt(x);
    g.across += Distance(west, own.row()[x - 2]);
    g.down += Distance(west, own.above()[x - 1]);
    if constexpr (channel > 0) {
      const Rows<T>& o = channels_[channel - 1].samples;
      g.across += 2 * Distance(o.row()[x], o.row()[x - 1]);
      g.down += 2 * Distance(o.row()[x], o.above()[x]);
    }
    return g;
  }

  [[gnu::always_inline]] int32_t SpreadAt(int x) const {
    const Rows<T>& own = channels_[channel].samples;
    const T* errors = channels_[channel].errors.row() + x;
    const auto& w = model_.spread;
    Sum sum = ahead_.SpreadAt(x) + Sum{w[0]} * errors[-1] + Sum{w[4]} * errors[-2] +
              Sum{w[5]} * (Distance(own.row()[x - 1], own.above()[x - 1]) << kErrorBits);
    for (size_t other = 0; other < static_cast<size_t>(channel); ++other) {
      const T* o = channels_[other].errors.row() + x;
      sum += Sum{w[8 + 2 * other]} * o[0] + Sum{w[9 + 2 * other]} * o[-1];
    }
    return static_cast<int32_t>(std::min<Sum>(sum >> kSpreadBits, kMaxSpread));
  }

  /// Which of the samples around lie above the prediction.
  [[gnu::always_inline]] int Surroundings(int x, int32_t predicted) const {
    const Rows<T>& own = channels_[channel].samples;
    const T *row = own.row() + x, *n = own.above() + x, *nn = own.above2() + x;
    int context = (n[0] > predicted) | (row[-1] > predicted) << 1 | (n[1] > predicted) << 2 |
                  (2 * row[-1] - row[-2] > predicted) << 3 | (2 * n[0] - nn[0] > predicted) << 4;
    if constexpr (channel > 0) {
      const T* other = channels_[channel - 1].samples.row() + x;
      context |= (row[-1] + other[0] - other[-1] > predicted) << 5;
    }
    return context;
  }

  [[gnu::always_inline]] size_t TextureContext(int x, int32_t spread) const {
    const ChannelRows<T>& own = channels_[channel];
    const T *row = own.samples.row() + x, *n = own.samples.above() + x;
    const Comparable unit = static_cast<Comparable>(spread) + 1;
    const auto error = static_cast<Comparable>(std::max(own.errors.row()[x - 1], own.errors.above()[x]));
    const auto slope = static_cast<Comparable>(std::max(Distance(row[-1], n[-1]), Distance(n[0], n[-1]))) << kErrorBits;
    const Comparable scaled = exact ? unit : unit * static_cast<Comparable>(precision_.step);
    const int errors = (4 * error > unit) + (2 * error > unit) + (error > unit) + (error > 2 * unit);
    const int slopes =
        (2 * slope > scaled) + (slope > scaled) + (slope > 2 * scaled) + (slope > 4 * scaled) + (slope > 8 * scaled);
    int others = 0;
    if constexpr (channel > 0) {
      const auto other = static_cast<Comparable>(channels_[channel - 1].errors.row()[x]);
      others = (2 * other > unit) + (other > 2 * unit);
    }
    return static_cast<size_t>((errors * ChannelState::kSlopeRatios + slopes) * ChannelState::kOtherRatios + others);
  }

  /// predicted: in 1/256 steps. Codes (sample - rounded prediction) / step and returns the sample that results.
  [[gnu::always_inline]] int32_t CodeError(int x, int32_t predicted, int32_t spread, int level,
                                           const LevelTraits& traits, int32_t wanted) {
    const int32_t nearest = (predicted + 128) >> kWeightBits, rest = (predicted + 128) & 255;
    // The side to which the prediction was rounded away is the likelier one: it becomes the positive side.
    const int32_t flip = (rest >> 7) - 1;            // 0 or -1
    const int32_t off = ((rest ^ flip) & 127) >> 5;  // 0 .. 3: how far off the nearest integer
    AdaptiveTable& a = state_.by_spread[static_cast<size_t>(level * 4 + (off >> traits.blur))];
    AdaptiveTable& b = state_.by_texture[traits.tables + TextureContext(x, spread)];

    int32_t error = 0;
    if constexpr (std::is_same_v<Coder, SymbolEncoder>) {
      error = wanted - nearest;
      if constexpr (!exact) {
        error = error < 0 ? -((precision_.most_error - error) / precision_.step)
                          : (error + precision_.most_error) / precision_.step;
      }
      error = (error ^ flip) - flip;
    }
    const int plain = traits.plain;
    const int32_t half = (1 << plain) >> 1, shifted = error + half;
    int32_t high = shifted >> plain;
    const auto wanted_symbol = std::min<uint32_t>(static_cast<uint32_t>(high + kZero), kEscape);
    const int symbol = coder_.Symbol(a, b, static_cast<int>(wanted_symbol));
    high = symbol - kZero;
    if (symbol == kEscape) [[unlikely]]
      high = Escape(shifted >> plain);
    const uint32_t low = coder_.Bits(plain, static_cast<uint32_t>(shifted) & ((1u << plain) - 1));
    Error decoded = (Error{high} << plain) + static_cast<Error>(low) - half;
    decoded = (decoded ^ flip) - flip;
    if constexpr (!exact) decoded *= precision_.step;
    return static_cast<int32_t>(std::clamp<Error>(nearest + decoded, 0, maximum_));
  }

  /// An error beyond +-7: its sign, then |error| - 7 = 2^k + r as k and k bits.
  [[gnu::noinline]] int32_t Escape(int32_t high) {
    const bool negative = coder_.Bits(1, high < 0) != 0;
    const auto excess = static_cast<uint32_t>((high < 0 ? -high : high) - kZero);
    const int k = coder_.Symbol(state_.escapes, std::max(0, static_cast<int>(std::bit_width(excess)) - 1));
    const int32_t size = static_cast<int32_t>((1u << k) + coder_.Bits(k, excess - (1u << k))) + kZero;
    return negative ? -size : size;
  }

  Coder& coder_;
  const ChannelModel& model_;
  const PackedModel<T, channel, base>& weights_;
  const LookAhead<T>& ahead_;
  ChannelState& state_;
  ChannelRows<T>* const channels_;
  const Precision& precision_;
  const int32_t maximum_;
};

}  // namespace aecomp::residual
