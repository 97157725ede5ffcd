#include "model/residual/fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "model/residual/base_rows.h"

namespace aecomp::residual {
namespace {

/// A system of normal equations: the sums of weight * t * t' (lower triangle, rows padded so that vectors fill them)
/// and of weight * t * value.
template <int unknowns>
class LeastSquares {
 public:
  [[gnu::always_inline]] void Add(const int32_t* t, float value, float weight) {
    std::array<float, kStride> terms{};
    for (size_t i = 0; i < kN; ++i) terms[i] = static_cast<float>(t[i]);
#pragma GCC unroll 32
    for (size_t i = 0; i < kN; ++i) {
      const float weighted = weight * terms[i];
      float* row = products_.data() + i * kStride;
      for (size_t j = 0; j < Padded(i + 1); ++j) row[j] += weighted * terms[j];
      right_[i] += weighted * value;
    }
  }

  /// By Cholesky's method, slightly regularised. All zeros where it fails.
  std::array<double, unknowns> Solve() const {
    std::array<double, kN * kStride> a;
    std::array<double, kN> x;
    std::copy(products_.begin(), products_.end(), a.begin());
    std::copy(right_.begin(), right_.end(), x.begin());
    for (size_t i = 0; i < kN; ++i) a[i * kStride + i] += 1e-5 * a[i * kStride + i] + 1e-3;
    for (size_t i = 0; i < kN; ++i) {
      for (size_t j = 0; j <= i; ++j) {
        double sum = a[i * kStride + j];
        for (size_t k = 0; k < j; ++k) sum -= a[i * kStride + k] * a[j * kStride + k];
        if (i == j && !(sum > 0)) return {};
        a[i * kStride + j] = i == j ? std::sqrt(sum) : sum / a[j * kStride + j];
      }
    }
    for (size_t i = 0; i < kN; ++i) {
      for (size_t k = 0; k < i; ++k) x[i] -= a[i * kStride + k] * x[k];
      x[i] /= a[i * kStride + i];
    }
    for (size_t i = kN; i-- > 0;) {
      for (size_t k = i + 1; k < kN; ++k) x[i] -= a[k * kStride + i] * x[k];
      x[i] /= a[i * kStride + i];
    }
    return x;
  }

 private:
  static constexpr size_t Padded(size_t n) { return (n + 3) / 4 * 4; }
  static constexpr size_t kN = unknowns, kStride = Padded(kN);
  std::array<float, kN * kStride> products_{};
  std::array<float, kN> right_{};
};

/// Bands of rows that stand for a large tile.
class Bands {
 public:
  static constexpr int kRows = 8, kAbove = 2;  // rows above one are looked at

  explicit Bands(const Samples& s) {
    const int64_t pixels = int64_t{s.width} * s.height;
    const int64_t enough = pixels <= 1 << 16 ? pixels : std::clamp<int64_t>(pixels / 8, 1 << 15, 1 << 17);
    every_ = static_cast<int>(std::clamp<int64_t>(s.height / kRows, 1, std::max<int64_t>(1, pixels / enough)));
  }
  bool Has(int y) const { return y > 0 && y / kRows % every_ == every_ / 2; }
  bool HasBelow(int y) const { return Has(y + 1) || Has(y + kAbove); }

 private:
  int every_ = 1;
};

/// Errors of a channel at the rows of the bands, one after the other.
using BandErrors = std::vector<int32_t>;
using IntRows = ChannelRows<int32_t>;

/// Runs over the rows of the bands, set up as the coder has them.
template <int channel, bool base>
class Walk {
 public:
  /// before: errors of the channels before this one.
  Walk(const Samples& samples, const Samples* base_samples, const std::vector<BandErrors>& before)
      : samples_(samples), bands_(samples), base_(base_samples), before_(before) {}

  size_t RowCount() const {
    size_t count = 0;
    for (int y = 0; y < samples_.height; ++y) count += bands_.Has(y);
    return count;
  }

  /// f(rows of the channels, base, number of the row among those of the bands).
  template <class F>
  void Run(F f) {
    std::vector<IntRows> channels;
    for (int c = 0; c <= channel; ++c) channels.emplace_back(samples_.width, 0);
    size_t number = 0;
    for (int y = 0; y < samples_.height; ++y) {
      const bool has = bands_.Has(y);
      if (!has && !bands_.HasBelow(y)) continue;
      for (int c = 0; c <= channel; ++c) Fill(y, c, channels[static_cast<size_t>(c)]);
      if (has) {
        for (size_t c = 0; c < before_.size(); ++c) {
          const auto first = before_[c].begin() + static_cast<ptrdiff_t>(number) * samples_.width;
          std::copy_n(first, samples_.width, channels[c].errors.row());
        }
        base_.MoveTo(y);
        f(channels, base_, number++);
      }
      for (IntRows& rows : channels) rows.samples.Next(), rows.errors.Next();
    }
  }

 private:
  void Fill(int y, int c, IntRows& rows) const {
    const uint16_t* from = samples_.Row(y) + c;
    int32_t* to = rows.samples.row();
    for (int x = 0; x < samples_.width; ++x) to[x] = from[x * samples_.channels];
  }

  const Samples& samples_;
  const Bands bands_;
  BaseView<int32_t> base_;
  const std::vector<BandErrors>& before_;
};

/// The model of one channel, from the errors of the channels before it.
template <int channel, bool base>
class Fitter {
 public:
  Fitter(const Samples& samples, const Samples* base_samples, int step, bool skip_repeats,
         const std::vector<BandErrors>& before)
      : samples_(samples), step_(step), skip_repeats_(skip_repeats), walk_(samples, base_samples, before) {}

  ChannelModel Fit() {
    ChooseClasses();
    if (model_.levels > 0) {
      FitWeights(kLevelsOnly);
      FitWeights(kErrors);
    } else {
      UsePlainWeights();
    }
    FitSpread();
    return model_;
  }
  /// Of this channel, after Fit.
  BandErrors TakeErrors() { return std::move(errors_); }

 private:
  static constexpr int kTaps = kOwnTaps + channel * kOtherTaps + (base ? kBaseTaps : 0);
  static constexpr int kFeatures = 8 + 2 * channel + (base ? 1 : 0) + 1;
  enum WeightBy { kLevelsOnly, kErrors };  ///< what says how much a sample counts: texture, or errors around it

  void UsePlainWeights() {
    auto& weights = model_.weights[0];
    weights[0] = kPlainNorth, weights[1] = kPlainNorthWest, weights[2] = kPlainNorthEast;
    if (base) weights[kTaps - kBaseTaps] = kPlainBase;
  }

  bool Passes(const std::vector<IntRows>& channels, int x) const {
    if (!skip_repeats_) return false;
    bool west = true, north = true;
    for (const IntRows& rows : channels) {
      west = west && rows.samples.row()[x] == rows.samples.row()[x - 1];
      north = north && rows.samples.row()[x] == rows.samples.above()[x];
    }
    return west || north;
  }

  /// Levels of activity that are about equally frequent, as many as the tile's size is worth.
  void ChooseClasses() {
    const int64_t pixels = int64_t{samples_.width} * samples_.height;
    model_.levels = pixels < 1024 ? 0 : pixels < 8192 ? 1 : pixels < 65536 ? 3 : kMaxLevels;
    if (model_.levels < 2) return;
    std::vector<int> activities;
    walk_.Run([&](const std::vector<IntRows>& channels, const auto&, size_t) {
      for (int x = 0; x < samples_.width; x += 16) {
        if (Passes(channels, x)) continue;
        const Gradients g = GradientsAt<channel>(channels.data(), x);
        activities.push_back(g.across + g.down);
      }
    });
    std::sort(activities.begin(), activities.end());
    for (int i = 0; i + 1 < model_.levels; ++i) {
      const size_t at = activities.size() * static_cast<size_t>(i + 1) / static_cast<size_t>(model_.levels);
      model_.thresholds[static_cast<size_t>(i)] = activities.empty() ? 0 : activities[at] + 1;
    }
  }

  /// The error of the present weights, in 1/16 steps.
  static int32_t ErrorAt(const ChannelModel& model, const std::vector<IntRows>& channels, int x, int cls,
                         const int32_t* taps) {
    const int32_t* row = channels[channel].samples.row() + x;
    const int32_t difference = ((row[-1] - row[0]) << kWeightBits) + Predict<channel, base>(model, cls, taps);
    return (difference < 0 ? -difference : difference) >> (kWeightBits - kErrorBits);
  }

  static float TextureWeight(const int32_t* taps) {
    int64_t activity = 0;
    for (int i = 0; i < 6; ++i) activity += taps[i] < 0 ? -taps[i] : taps[i];
    return 1 / (static_cast<float>(activity) / 6 + 2);
  }
  static float ErrorWeight(const Rows<int32_t>& e, int x) {
    const int64_t sum = 2 * (int64_t{e.row()[x - 1]} + e.above()[x]) + e.above()[x - 1] + e.above()[x + 1];
    const float mean = static_cast<float>(sum) / 96 + 0.7f;
    return 1 / (mean * mean);
  }

  void FitWeights(WeightBy by) {
    std::vector<LeastSquares<kTaps>> systems(static_cast<size_t>(model_.classes()));
    walk_.Run([&](std::vector<IntRows>& channels, const auto& base_view, size_t) {
      const BaseRows<int32_t> b = base_view.Of(channel);
      Rows<int32_t>& errors = channels[channel].errors;
      std::array<int32_t, kMaxTaps> taps;
      // The first weights only tell where errors are: half of the samples suffice.
      for (int x = 0; x < samples_.width; x += by == kErrors ? 1 : 4) {
        GatherTaps<channel, base>(channels.data(), b, x, taps.data());
        const int cls = ClassOf(model_, GradientsAt<channel>(channels.data(), x));
        if (by == kErrors) errors.row()[x] = ErrorAt(model_, channels, x, cls, taps.data());
        if (Passes(channels, x)) continue;
        const int32_t* row = channels[channel].samples.row() + x;
        const float weight = by == kErrors ? ErrorWeight(errors, x) : TextureWeight(taps.data());
        systems[static_cast<size_t>(cls)].Add(taps.data(), static_cast<float>(row[0] - row[-1]), weight);
      }
    });
    for (size_t c = 0; c < systems.size(); ++c) {
      const auto solution = systems[c].Solve();
      for (size_t i = 0; i < solution.size(); ++i) {
        const double scaled = std::rint(solution[i] * (1 << kWeightBits));
        model_.weights[c][i] = static_cast<int>(std::clamp(scaled, -kMaxWeight + 1.0, kMaxWeight - 1.0));
      }
    }
  }

  struct Case {
    std::array<int32_t, kFeatures> features;
    int32_t size;
  };

  /// The errors of the band's samples, and every so many of them with its features.
  std::vector<Case> Cases() {
    constexpr size_t kEnoughCases = 1 << 12;
    std::vector<Case> cases;
    const size_t every = (walk_.RowCount() * static_cast<size_t>(samples_.width) / kEnoughCases) | 1;
    size_t turn = 0;
    walk_.Run([&](std::vector<IntRows>& channels, const auto& base_view, size_t) {
      const BaseRows<int32_t> b = base_view.Of(channel);
      int32_t* const errors = channels[channel].errors.row();
      std::array<int32_t, kMaxTaps> taps;
      std::array<int32_t, kMaxFeatures> features;
      for (int x = 0; x < samples_.width; ++x) {
        if (Passes(channels, x)) {
          errors[x] = 0;
          continue;
        }
        GatherTaps<channel, base>(channels.data(), b, x, taps.data());
        const int cls = ClassOf(model_, GradientsAt<channel>(channels.data(), x));
        errors[x] = ErrorAt(model_, channels, x, cls, taps.data()) / step_;
        if (++turn % every != 0) continue;
        GatherFeatures<channel, base>(channels.data(), b, x, features.data());
        Case& one = cases.emplace_back();
        std::copy_n(features.begin(), kFeatures, one.features.begin());
        one.size = errors[x];
      }
      errors_.insert(errors_.end(), errors, errors + samples_.width);
    });
    return cases;
  }

  /// How the size of errors follows from the features.
  void FitSpread() {
    const std::vector<Case> cases = Cases();
    std::array<double, kFeatures> weights{};
    weights[0] = weights[1] = 0.3, weights[2] = weights[3] = 0.1, weights.back() = 1;
    for (int round = 0; round < 3 && cases.size() > 64; ++round) {
      LeastSquares<kFeatures> system;
      for (const Case& one : cases) {
        double mean = 0;
        for (size_t i = 0; i < kFeatures; ++i) mean += weights[i] * one.features[i];
        mean = std::max(mean, 4.0);
        system.Add(one.features.data(), static_cast<float>(one.size), static_cast<float>(1 / (mean * mean)));
      }
      weights = system.Solve();
      for (double& w : weights) w = std::max(w, 0.0);
    }
    for (size_t i = 0; i < kFeatures; ++i) {
      model_.spread[i] = static_cast<int>(std::clamp(std::rint(weights[i] * (1 << kSpreadBits)), 0.0, 8191.0));
    }
  }

  const Samples& samples_;
  const int step_;
  const bool skip_repeats_;
  Walk<channel, base> walk_;
  ChannelModel model_;
  BandErrors errors_;
};

template <bool base>
std::vector<ChannelModel> Fit(const Samples& samples, const Samples* base_samples, int step, bool skip_repeats) {
  std::vector<ChannelModel> models;
  std::vector<BandErrors> errors;
  const auto fit = [&]<int channel>() {
    Fitter<channel, base> fitter(samples, base_samples, step, skip_repeats, errors);
    models.push_back(fitter.Fit());
    errors.push_back(fitter.TakeErrors());
  };
  fit.template operator()<0>();
  if (samples.channels == 1) return models;
  fit.template operator()<1>();
  fit.template operator()<2>();
  return models;
}

}  // namespace

std::vector<ChannelModel> FitModels(const Samples& samples, const Samples* base, int step, bool skip_repeats) {
  return base != nullptr ? Fit<true>(samples, base, step, skip_repeats)
                         : Fit<false>(samples, nullptr, step, skip_repeats);
}

}  // namespace aecomp::residual
