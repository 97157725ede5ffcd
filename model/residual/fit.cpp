#include "model/residual/fit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/residual/base_rows.h"

namespace aecomp::residual {
namespace {

/// A system of normal equations: the sums of weight * t * t' (lower triangle) and of weight * t * value.
template <int unknowns>
class LeastSquares {
 public:
  void Add(const int32_t* t, double value, double weight) {
    std::array<double, kN> terms;
    for (size_t i = 0; i < kN; ++i) terms[i] = t[i];
    for (size_t i = 0; i < kN; ++i) {
      const double weighted = weight * terms[i];
      double* row = products_.data() + i * kN;
      for (size_t j = 0; j <= i; ++j) row[j] += weighted * terms[j];
      right_[i] += weighted * value;
    }
  }

  /// By Cholesky's method, slightly regularised. All zeros where it fails.
  std::array<double, unknowns> Solve() const {
    auto a = products_;
    auto x = right_;
    for (size_t i = 0; i < kN; ++i) a[i * kN + i] += 1e-5 * a[i * kN + i] + 1e-3;
    for (size_t i = 0; i < kN; ++i) {
      for (size_t j = 0; j <= i; ++j) {
        double sum = a[i * kN + j];
        for (size_t k = 0; k < j; ++k) sum -= a[i * kN + k] * a[j * kN + k];
        if (i == j && !(sum > 0)) return {};
        a[i * kN + j] = i == j ? std::sqrt(sum) : sum / a[j * kN + j];
      }
    }
    for (size_t i = 0; i < kN; ++i) {
      for (size_t k = 0; k < i; ++k) x[i] -= a[i * kN + k] * x[k];
      x[i] /= a[i * kN + i];
    }
    for (size_t i = kN; i-- > 0;) {
      for (size_t k = i + 1; k < kN; ++k) x[i] -= a[k * kN + i] * x[k];
      x[i] /= a[i * kN + i];
    }
    return x;
  }

 private:
  static constexpr size_t kN = unknowns;
  std::array<double, kN * kN> products_{};
  std::array<double, kN> right_{};
};

/// Bands of rows that stand for a large tile.
struct Bands {
  static constexpr int kRows = 16;
  int every = 1;
  explicit Bands(const Samples& s) {
    constexpr int64_t kEnough = 1 << 17;
    every = static_cast<int>(std::max<int64_t>(1, int64_t{s.width} * s.height / kEnough));
  }
  bool Has(int y) const { return y / kRows % every == 0; }
};

/// Runs f(x) over the samples of a tile with rows set up as the coder has them.
template <int channel, bool base>
class Walk {
 public:
  Walk(const Samples& samples, const Samples* base_samples, bool skip_repeats)
      : samples_(samples), bands_(samples), base_(base_samples), skip_repeats_(skip_repeats) {}

  /// channels: whose samples this fills. f(x, y, channels, base).
  template <class F>
  void Run(std::vector<ChannelRows>& channels, F f) {
    for (int y = 0; y < samples_.height; ++y) {
      if (!bands_.Has(y) && !bands_.Has(y + 1) && !bands_.Has(y + 2)) continue;
      Fill(channels, y);
      if (y > 0 && bands_.Has(y)) {
        base_.MoveTo(y);
        for (int x = 0; x < samples_.width; ++x) {
          if (!skip_repeats_ || !Repeats(channels, x)) f(x, y, channels.data(), base_);
        }
      }
      for (int c = 0; c <= channel; ++c) {
        channels[static_cast<size_t>(c)].samples.Next();
        channels[static_cast<size_t>(c)].errors.Next();
      }
    }
  }

 private:
  void Fill(std::vector<ChannelRows>& channels, int y) {
    const uint16_t* from = samples_.Row(y);
    for (int c = 0; c <= channel; ++c) {
      int32_t* to = channels[static_cast<size_t>(c)].samples.row();
      for (int x = 0; x < samples_.width; ++x) to[x] = from[x * samples_.channels + c];
    }
  }
  bool Repeats(const std::vector<ChannelRows>& channels, int x) const {
    bool west = true, north = true;
    for (int c = 0; c <= channel; ++c) {
      const Rows<int32_t>& own = channels[static_cast<size_t>(c)].samples;
      west = west && own.row()[x] == own.row()[x - 1];
      north = north && own.row()[x] == own.above()[x];
    }
    return west || north;
  }

  const Samples& samples_;
  const Bands bands_;
  BaseView base_;
  const bool skip_repeats_;
};

/// The model of one channel, from those of the channels before it.
template <int channel, bool base>
class Fitter {
 public:
  Fitter(const Samples& samples, const Samples* base_samples, int step, bool skip_repeats,
         const std::vector<ChannelModel>& before)
      : samples_(samples), before_(before), step_(step), walk_(samples, base_samples, skip_repeats) {}

  ChannelModel Fit() {
    ChooseClasses();
    if (model_.levels > 0) {
      FitWeights([](const int32_t* taps, const ChannelRows*, int) {
        int64_t activity = 0;
        for (int i = 0; i < 6; ++i) activity += taps[i] < 0 ? -taps[i] : taps[i];
        return 1 / (static_cast<double>(activity) / 6 + 2);
      });
      FitWeights([](const int32_t*, const ChannelRows* rows, int x) {
        const Rows<int32_t>& e = rows[channel].errors;
        const double mean = (2.0 * e.row()[x - 1] + 2.0 * e.above()[x] + e.above()[x - 1] + e.above()[x + 1]) / 96;
        return 1 / ((mean + 0.7) * (mean + 0.7));
      });
    } else {
      UsePlainWeights();
    }
    FitSpread();
    return model_;
  }

 private:
  static constexpr int kTaps = kOwnTaps + channel * kOtherTaps + (base ? kBaseTaps : 0);
  static constexpr int kFeatures = 8 + 2 * channel + (base ? 1 : 0) + 1;

  std::vector<ChannelRows> MakeRows() const {
    std::vector<ChannelRows> rows;
    for (int c = 0; c <= channel; ++c) rows.emplace_back(samples_.width, 0);
    return rows;
  }

  void UsePlainWeights() {
    auto& weights = model_.weights[0];
    weights[0] = kPlainNorth, weights[1] = kPlainNorthWest, weights[2] = kPlainNorthEast;
    if (base) weights[kTaps - kBaseTaps] = kPlainBase;
  }

  /// Levels of activity that are about equally frequent, as many as the tile's size is worth.
  void ChooseClasses() {
    const int64_t pixels = int64_t{samples_.width} * samples_.height;
    model_.levels = pixels < 1024 ? 0 : pixels < 8192 ? 1 : pixels < 65536 ? 3 : kMaxLevels;
    if (model_.levels < 2) return;
    std::vector<int> activities;
    std::vector<ChannelRows> rows = MakeRows();
    walk_.Run(rows, [&](int x, int, const ChannelRows* channels, const BaseView&) {
      if (x % 4 != 0) return;
      const Gradients g = GradientsAt<channel>(channels, x);
      activities.push_back(g.across + g.down);
    });
    std::sort(activities.begin(), activities.end());
    if (activities.empty()) return;
    for (int i = 0; i + 1 < model_.levels; ++i) {
      const size_t at = activities.size() * static_cast<size_t>(i + 1) / static_cast<size_t>(model_.levels);
      model_.thresholds[static_cast<size_t>(i)] = activities[at] + 1;
    }
  }

  /// The error of the present weights, in 1/16 steps.
  template <int c>
  static int32_t ErrorAt(const ChannelModel& model, const ChannelRows* channels, int x, const int32_t* taps) {
    const int32_t* row = channels[c].samples.row() + x;
    const int cls = ClassOf(model, GradientsAt<c>(channels, x));
    const int32_t difference = ((row[-1] - row[0]) << kWeightBits) + Predict<c, base>(model, cls, taps);
    return (difference < 0 ? -difference : difference) >> (kWeightBits - kErrorBits);
  }

  template <class Weight>
  void FitWeights(Weight weight) {
    std::vector<LeastSquares<kTaps>> systems(static_cast<size_t>(model_.classes()));
    std::vector<ChannelRows> rows = MakeRows();
    walk_.Run(rows, [&](int x, int, ChannelRows* channels, const BaseView& b) {
      std::array<int32_t, kMaxTaps> taps;
      GatherTaps<channel, base>(channels, b.Of(channel), x, taps.data());
      const int cls = ClassOf(model_, GradientsAt<channel>(channels, x));
      const int32_t* row = channels[channel].samples.row() + x;
      systems[static_cast<size_t>(cls)].Add(taps.data(), row[0] - row[-1], weight(taps.data(), channels, x));
      channels[channel].errors.row()[x] = ErrorAt<channel>(model_, channels, x, taps.data());
    });
    for (size_t c = 0; c < systems.size(); ++c) {
      const auto solution = systems[c].Solve();
      for (size_t i = 0; i < solution.size(); ++i) {
        const double scaled = std::rint(solution[i] * (1 << kWeightBits));
        model_.weights[c][i] = static_cast<int>(std::clamp(scaled, -kMaxWeight + 1.0, kMaxWeight - 1.0));
      }
    }
  }

  /// What the errors of this channel and of those before it are, and how their size follows from the features.
  void FitSpread() {
    struct Case {
      std::array<int32_t, kFeatures> features;
      int32_t size;
    };
    std::vector<Case> cases;
    std::vector<ChannelRows> rows = MakeRows();
    const int64_t pixels = int64_t{samples_.width} * samples_.height;
    const int every = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(pixels, 1 << 17) / 16384)) | 1;
    int turn = 0;
    walk_.Run(rows, [&](int x, int, ChannelRows* channels, const BaseView& b) {
      SetError<0>(channels, b, x);
      if constexpr (channel > 0) SetError<1>(channels, b, x);
      if constexpr (channel > 1) SetError<2>(channels, b, x);
      if (++turn % every != 0) return;
      std::array<int32_t, kMaxFeatures> features;
      GatherFeatures<channel, base>(channels, b.Of(channel), x, features.data());
      Case one;
      std::copy_n(features.begin(), kFeatures, one.features.begin());
      one.size = channels[channel].errors.row()[x];
      cases.push_back(one);
    });
    std::array<double, kFeatures> weights{};
    weights[0] = weights[1] = 0.3, weights[2] = weights[3] = 0.1, weights.back() = 1;
    for (int round = 0; round < 3 && cases.size() > 64; ++round) {
      LeastSquares<kFeatures> system;
      for (const Case& one : cases) {
        double mean = 0;
        for (size_t i = 0; i < kFeatures; ++i) mean += weights[i] * one.features[i];
        mean = std::max(mean, 4.0);
        system.Add(one.features.data(), one.size, 1 / (mean * mean));
      }
      weights = system.Solve();
      for (double& w : weights) w = std::max(w, 0.0);
    }
    for (size_t i = 0; i < kFeatures; ++i) {
      model_.spread[i] = static_cast<int>(std::clamp(std::rint(weights[i] * (1 << kSpreadBits)), 0.0, 8191.0));
    }
  }

  template <int c>
  void SetError(ChannelRows* channels, const BaseView& b, int x) const {
    std::array<int32_t, kMaxTaps> taps;
    GatherTaps<c, base>(channels, b.Of(c), x, taps.data());
    const ChannelModel& model = c == channel ? model_ : before_[c];
    channels[c].errors.row()[x] = ErrorAt<c>(model, channels, x, taps.data()) / step_;
  }

  const Samples& samples_;
  const std::vector<ChannelModel>& before_;
  const int step_;
  Walk<channel, base> walk_;
  ChannelModel model_;
};

template <bool base>
std::vector<ChannelModel> Fit(const Samples& samples, const Samples* base_samples, int step, bool skip_repeats) {
  std::vector<ChannelModel> models;
  models.push_back(Fitter<0, base>(samples, base_samples, step, skip_repeats, models).Fit());
  if (samples.channels == 1) return models;
  models.push_back(Fitter<1, base>(samples, base_samples, step, skip_repeats, models).Fit());
  models.push_back(Fitter<2, base>(samples, base_samples, step, skip_repeats, models).Fit());
  return models;
}

}  // namespace

std::vector<ChannelModel> FitModels(const Samples& samples, const Samples* base, int step, bool skip_repeats) {
  return base != nullptr ? Fit<true>(samples, base, step, skip_repeats)
                         : Fit<false>(samples, nullptr, step, skip_repeats);
}

}  // namespace aecomp::residual
