#include "model/residual/residual.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "model/residual/base_rows.h"
#include "model/residual/fit.h"
#include "model/residual/look_ahead.h"
#include "model/residual/packed_weights.h"
#include "model/residual/pixel_match.h"
#include "model/residual/sample_coder.h"
#include "model/residual/value_map.h"

namespace aecomp::residual {
namespace {

/// Samples up to this fit the 16-bit arithmetic of narrow rows.
constexpr int32_t kMostNarrow = 255;

/// How the samples of a tile are coded; 2 bits of the stream.
enum class Mode : uint32_t {
  kPredict = 0,
  kMatch = 1,  ///< pixels are compared with likely ones first
  kPlain = 2,  ///< as numbers: for noise
};

/// What the stream says before the samples, beside the map of values.
struct TileModel {
  Mode mode = Mode::kPredict;
  std::vector<ChannelModel> channels;
};

/// Reads or writes the models of the channels: the same code for both sides.
template <class Coder>
void CodeModel(Coder& coder, bool base, TileModel& model) {
  model.mode = static_cast<Mode>(coder.Bits(2, static_cast<uint32_t>(model.mode)));
  if (model.mode != Mode::kPredict && model.mode != Mode::kMatch) return;
  for (size_t c = 0; c < model.channels.size(); ++c) {
    ChannelModel& m = model.channels[c];
    m.levels = std::min(static_cast<int>(coder.Bits(3, static_cast<uint32_t>(m.levels))), kMaxLevels);
    const auto taps = static_cast<size_t>(Taps(static_cast<int>(c), base));
    int threshold = 0;
    for (int i = 0; i + 1 < m.levels; ++i) {
      auto& t = m.thresholds[static_cast<size_t>(i)];
      threshold += static_cast<int>(CodeNumber(coder, static_cast<uint32_t>(t - threshold)) & 0xfffff);
      t = threshold;
    }
    std::vector<AdaptiveTable> tables(taps);
    for (size_t k = 0; k < (m.levels == 0 ? 0 : static_cast<size_t>(m.classes())); ++k) {
      for (size_t i = 0; i < taps; ++i) {
        const int expected = k < kDirections ? 0 : m.weights[k - kDirections][i];
        const int weight = expected + CodeSmall(coder, tables[i], m.weights[k][i] - expected);
        m.weights[k][i] = std::clamp(weight, -kMaxWeight, kMaxWeight);
      }
    }
    for (size_t i = 0; i < static_cast<size_t>(Features(static_cast<int>(c), base)); ++i) {
      m.spread[i] = static_cast<int>(coder.Bits(13, static_cast<uint32_t>(m.spread[i])));
    }
    if (m.levels > 0) continue;
    auto& plain = m.weights[0];
    plain = {};
    plain[0] = kPlainNorth, plain[1] = kPlainNorthWest, plain[2] = kPlainNorthEast;
    if (base) plain[taps - kBaseTaps] = kPlainBase;
  }
}

/// T: as that of ChannelRows.
template <class Coder, class T, int channels, bool base, bool exact>
class TileCoder {
 public:
  TileCoder(Coder& coder, const TileModel& model, const Samples* base_samples, const Precision& precision,
            Samples& samples)
      : coder_(coder),
        base_(base_samples),
        precision_(precision),
        samples_(samples),
        states_(channels),
        models_(model.channels),
        ahead_(channels, LookAhead<T>(samples.width)) {
    for (int c = 0; c < channels; ++c) {
      rows_.emplace_back(samples.width, (samples.maximum[static_cast<size_t>(c)] + 1) / 2);
    }
    if (model.mode == Mode::kMatch) match_.emplace(samples.width);
  }

  /// Codes `samples`, and puts into them what a decoder has.
  void Run() {
    Channels<std::make_integer_sequence<int, channels>> coders(*this);
    for (int y = 0; y < samples_.height && !coder_.Damaged(); ++y) {
      base_.MoveTo(y);
      coders.bases = coders.BasesOf(*this);
      if constexpr (kKnown) FillRow(y);
      if (y > 0) coders.LookAheadTo(0, samples_.width);
      if (match_) {
        MatchedRow(y, coders);
      } else if (y == 0) {
        FirstRow(coders);
      } else {
        coders.Row(samples_.Row(y), samples_.width);
      }
      for (auto& rows : rows_) rows.samples.Next(), rows.errors.Next();
    }
  }

 private:
  static constexpr bool kKnown = SampleCoder<Coder, T, 0, base, exact>::kKnown;

  void FillRow(int y) {
    for (int c = 0; c < channels; ++c) {
      const uint16_t* from = samples_.Row(y) + c;
      T* to = rows_[static_cast<size_t>(c)].samples.row();
      for (int x = 0; x < samples_.width; ++x) to[x] = static_cast<T>(from[x * channels]);
    }
  }
  template <class Coders>
  void BeginFirstRow(int x, Coders& coders) {
    for (auto& rows : rows_) rows.samples.ContinueUpwards(x);
    coders.LookAheadTo(x, x + 1);
  }
  template <class Coders>
  [[gnu::noinline]] void FirstRow(Coders& coders) {
    uint16_t* pixel = samples_.Row(0);
    for (int x = 0; x < samples_.width; ++x, pixel += channels) {
      BeginFirstRow(x, coders);
      coders.Pixel(x, pixel);
    }
  }
  template <class Coders>
  void MatchedRow(int y, Coders& coders) {
    uint16_t* pixel = samples_.Row(y);
    for (int x = 0; x < samples_.width; ++x, pixel += channels) {
      if (y == 0) BeginFirstRow(x, coders);
      const auto found = match_->Code(coder_, x, y == 0, [&](Pixel p) { return Accepts(p, pixel); });
      if (found) {
        Repeat(x, *found, pixel);
      } else {
        coders.Pixel(x, pixel);
      }
      match_->Remember(x, PixelOf(pixel));
    }
    match_->NextRow();
  }

  template <class Indices>
  struct Channels;
  template <int... c>
  struct Channels<std::integer_sequence<int, c...>> {
    explicit Channels(TileCoder& t)
        : tile(t),
          bases(BasesOf(t)),
          weights(PackedModel<T, c, base>(t.models_[c])...),
          coders(SampleCoder<Coder, T, c, base, exact>(t.coder_, t.models_[c], std::get<c>(weights), t.ahead_[c],
                                                       t.states_[c], t.rows_.data(), t.precision_)...) {}
    static std::array<BaseRows<T>, channels> BasesOf(const TileCoder& t) { return {t.base_.Of(c)...}; }
    void LookAheadTo(int first, int last) {
      (tile.ahead_[c].template Fill<c, base>(tile.models_[c], tile.rows_, bases[c], first, last), ...);
      if constexpr (kKnown) (tile.ahead_[c].template FillClasses<c>(tile.models_[c], tile.rows_, first, last), ...);
    }
    [[gnu::noinline]] void Pixel(int x, uint16_t* pixel) { (Sample<c>(x, pixel + c), ...); }

    [[gnu::noinline]] void Row(uint16_t* row, int width) {
      for (int x = 0; x < width; ++x) (Sample<c>(x, row + x * channels + c), ...);
    }
    template <int k>
    [[gnu::always_inline]] void Sample(int x, uint16_t* sample) {
      *sample = static_cast<uint16_t>(std::get<k>(coders).Code(bases[k], x, *sample));
    }

    TileCoder& tile;
    std::array<BaseRows<T>, channels> bases;
    const std::tuple<PackedModel<T, c, base>...> weights;
    std::tuple<SampleCoder<Coder, T, c, base, exact>...> coders;
  };

  /// Encoder: whether all samples of p are close enough.
  bool Accepts(Pixel p, const uint16_t* pixel) const {
    for (int c = 0; c < channels; ++c) {
      if (Distance(static_cast<int32_t>(p >> (16 * c) & 0xffff), pixel[c]) > precision_.most_error) return false;
    }
    return true;
  }
  void Repeat(int x, Pixel p, uint16_t* pixel) {
    for (int c = 0; c < channels; ++c) {
      const auto sample = static_cast<uint16_t>(p >> (16 * c));
      pixel[c] = sample;
      rows_[static_cast<size_t>(c)].samples.row()[x] = static_cast<T>(sample);
      rows_[static_cast<size_t>(c)].errors.row()[x] = 0;
    }
  }
  static Pixel PixelOf(const uint16_t* pixel) {
    Pixel p = 0;
    for (int c = 0; c < channels; ++c) p |= Pixel{pixel[c]} << (16 * c);
    return p;
  }

  Coder& coder_;
  BaseView<T> base_;
  const Precision precision_;
  Samples& samples_;
  std::vector<ChannelState> states_;
  const std::vector<ChannelModel> models_;
  std::vector<ChannelRows<T>> rows_;
  std::vector<LookAhead<T>> ahead_;
  std::optional<PixelMatch> match_;
};

/// Mode::kPlain: (sample + E) / (2E + 1) in as many bits as its largest value needs.
template <class Coder>
void CodePlain(Coder& coder, const Precision& precision, Samples& samples) {
  const auto channels = static_cast<size_t>(samples.channels);
  for (size_t i = 0; i < samples.values.size() && !coder.Damaged(); ++i) {
    const int32_t maximum = precision.maximum[i % channels];
    const int width = std::bit_width(static_cast<uint32_t>((maximum + precision.most_error) / precision.step));
    const auto wanted = static_cast<uint32_t>((samples.values[i] + precision.most_error) / precision.step);
    const int low = std::min(width, 15);
    uint32_t index = coder.Bits(low, wanted & ((1u << low) - 1));
    index |= coder.Bits(width - low, wanted >> low) << low;
    const int64_t sample = int64_t{index} * precision.step;
    samples.values[i] = static_cast<uint16_t>(std::min<int64_t>(sample, maximum));
  }
}

template <class Coder>
void CodeSamples(Coder& coder, const TileModel& model, const Samples* base, int most_error, Samples& samples) {
  const Precision precision{most_error, 2 * most_error + 1, samples.maximum};
  if (model.mode == Mode::kPlain) return CodePlain(coder, precision, samples);
  const int32_t most = *std::max_element(precision.maximum.begin(), precision.maximum.end());
  const auto run = [&]<class T, int channels, bool with_base, bool exact>() {
    TileCoder<Coder, T, channels, with_base, exact>(coder, model, base, precision, samples).Run();
  };
  const auto choose = [&]<int channels, bool with_base, bool exact>() {
    most <= kMostNarrow ? run.template operator()<int16_t, channels, with_base, exact>()
                        : run.template operator()<int32_t, channels, with_base, exact>();
  };
  const auto choose_precision = [&]<int channels, bool with_base>() {
    most_error == 0 ? choose.template operator()<channels, with_base, true>()
                    : choose.template operator()<channels, with_base, false>();
  };
  if (samples.channels == 1) {
    base == nullptr ? choose_precision.template operator()<1, false>()
                    : choose_precision.template operator()<1, true>();
  } else {
    base == nullptr ? choose_precision.template operator()<3, false>()
                    : choose_precision.template operator()<3, true>();
  }
}

/// How a picture repeats its pixels.
struct Repeats {
  double flat = 1;            ///< share of pixels that equal both the one to their left and the one above them
  double colour_follows = 1;  ///< where green repeats amid texture: how often the other colours do so too
};

Repeats CountRepeats(const Samples& s) {
  if (s.height < 2 || s.width < 3) return {};
  size_t pixels = 0, flat = 0, green = 0, whole = 0;
  const auto channels = static_cast<size_t>(s.channels);
  const int32_t texture = 12 * (s.maximum[0] + 1) / 256;
  constexpr int kEvery = 4;  // rows
  for (int y = 1; y < s.height; y += kEvery) {
    const uint16_t *p = s.Row(y) + channels, *n = s.Row(y - 1) + channels;
    for (int x = 1; x + 1 < s.width; ++x, p += channels, n += channels) {
      bool equals_west = true, equals_north = true, equals_east = true;
      int32_t differences = 0;
      for (size_t c = 0; c < channels; ++c) {
        const int32_t north = n[c], west = (p - channels)[c], east = n[channels + c];
        equals_west &= p[c] == west, equals_north &= p[c] == north, equals_east &= p[c] == east;
        differences += Distance(west, north) + Distance(north, east);
      }
      const bool rough = differences > texture;
      flat += equals_west & equals_north;
      green += rough & ((p[0] == (p - channels)[0]) | (p[0] == n[0]) | (p[0] == n[channels]));
      whole += rough & (equals_west | equals_north | equals_east);
    }
    pixels += static_cast<size_t>(s.width) - 2;
  }
  return {static_cast<double>(flat) / static_cast<double>(pixels),
          channels == 1 || green == 0 ? 1 : static_cast<double>(whole) / static_cast<double>(green)};
}

/// Some rows that stand for all of them, as an image of their own.
Samples SomeRows(const Samples& s) {
  constexpr int kBands = 3, kRows = 16;
  Samples part;
  part.width = s.width, part.channels = s.channels, part.maximum = s.maximum;
  if (s.height <= kBands * kRows) {
    part.height = s.height, part.values = s.values;
    return part;
  }
  part.height = kBands * kRows;
  for (int i = 1; i <= kBands; ++i) {
    const int first = (s.height - kRows) * i / (kBands + 1);
    part.values.insert(part.values.end(), s.Row(first), s.Row(first) + kRows * s.width * s.channels);
  }
  return part;
}

/// samples: those of `original` with the map; where errors are allowed they become what a decoder has.
std::vector<uint8_t> EncodeWith(const Samples& original, const ValueMap& map, Samples& samples, const Samples* base,
                                int most_error, const TileModel& model) {
  SymbolEncoder coder;
  if (base == nullptr && most_error == 0) WriteMap(coder, map, original);
  TileModel written = model;
  CodeModel(coder, base != nullptr, written);
  CodeSamples(coder, written, base, most_error, samples);
  return coder.Finish();
}

TileModel MakeModel(const Samples& samples, const Samples* base, int most_error, Mode mode) {
  TileModel model;
  model.mode = mode;
  if (mode != Mode::kPlain) model.channels = FitModels(samples, base, 2 * most_error + 1, mode == Mode::kMatch);
  return model;
}

/// Photographs are flat by chance only, drawings mostly; between them both ways are tried on a part.
TileModel ChooseModel(const Samples& samples, const Samples* base, int most_error) {
  constexpr double kFlat = 0.6, kSomewhatFlat = 0.3, kFollows = 0.4;
  const Repeats repeats = CountRepeats(samples);
  if (repeats.flat > kFlat) return MakeModel(samples, base, most_error, Mode::kMatch);
  TileModel model = MakeModel(samples, base, most_error, Mode::kPredict);
  if (repeats.flat < kSomewhatFlat && repeats.colour_follows < kFollows) return model;
  const Samples part = SomeRows(samples);
  const std::optional<Samples> part_of_base = base != nullptr ? std::optional(SomeRows(*base)) : std::nullopt;
  const Samples* const given = part_of_base ? &*part_of_base : nullptr;
  const auto size = [&](Mode mode) {
    model.mode = mode;
    Samples coded = part;
    return EncodeWith(part, ValueMap(), coded, given, most_error, model).size();
  };
  const size_t match = size(Mode::kMatch), predict = size(Mode::kPredict);
  model.mode = match < predict ? Mode::kMatch : Mode::kPredict;
  return model;
}

/// What the samples need in Mode::kPlain.
size_t PlainBits(const Samples& samples, int most_error) {
  size_t bits = 0;
  for (int c = 0; c < samples.channels; ++c) {
    const int32_t most = samples.maximum[static_cast<size_t>(c)];
    bits += static_cast<size_t>(std::bit_width(static_cast<uint32_t>((most + most_error) / (2 * most_error + 1))));
  }
  return bits * static_cast<size_t>(samples.width) * static_cast<size_t>(samples.height);
}

}  // namespace

std::vector<uint8_t> Encode(const Image& tile, const Image* base, int most_error) {
  Samples original = SamplesOf(tile);
  std::optional<Samples> base_samples, mapped;
  if (base != nullptr) base_samples = SamplesOf(*base);
  const Samples* const given = base_samples ? &*base_samples : nullptr;
  const ValueMap map = base == nullptr && most_error == 0 ? ChooseMap(original) : ValueMap();
  if (!map.empty()) mapped = Apply(map, original);
  Samples& samples = mapped ? *mapped : original;

  const auto encode = [&](const TileModel& model) {
    if (most_error == 0) return EncodeWith(original, map, samples, given, most_error, model);
    Samples coded = samples;
    return EncodeWith(original, map, coded, given, most_error, model);
  };
  std::vector<uint8_t> stream = encode(ChooseModel(samples, given, most_error));
  if (stream.size() < PlainBits(samples, most_error) / 8) return stream;
  std::vector<uint8_t> plain = encode(MakeModel(samples, given, most_error, Mode::kPlain));
  return plain.size() < stream.size() ? plain : stream;
}

Status Decode(std::span<const uint8_t> stream, const Image* base, int most_error, Image& tile) {
  SymbolDecoder coder(stream);
  if (coder.Damaged()) return coder.Finish();  // before memory is taken
  Samples whole = ShapeOf(tile);
  std::optional<Samples> base_samples;
  if (base != nullptr) base_samples = SamplesOf(*base);
  ValueMap map;
  if (base == nullptr && most_error == 0) {
    AECOMP_ASSIGN_OR_RETURN(map, ReadMap(coder, whole));
  }
  Samples coded = ShapeOf(tile);
  SetCodedShape(map, coded);
  coded.values.resize(static_cast<size_t>(coded.width) * static_cast<size_t>(coded.height) *
                      static_cast<size_t>(coded.channels));
  TileModel model;
  model.channels.resize(static_cast<size_t>(coded.channels));
  CodeModel(coder, base != nullptr, model);
  if (model.mode > Mode::kPlain) return CorruptError("corrupt: a way of coding residuals that does not exist");
  CodeSamples(coder, model, base_samples ? &*base_samples : nullptr, most_error, coded);
  AECOMP_RETURN_IF_ERROR(coder.Finish());
  if (!map.empty()) Undo(map, coded, whole);
  const Samples& result = map.empty() ? coded : whole;
  ToPixels(result, tile);
  return {};
}

}  // namespace aecomp::residual
