#include "train/export/fit_coarse.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "model/codec/tile_coder.h"
#include "model/entropy/coarse.h"
#include "model/entropy/rd_quantiser.h"
#include "train/export/calibration.h"
#include "train/export/export.h"
#include "train/export/fit_tables.h"

namespace aecomp {
namespace {

constexpr int kPatches = 48, kRounds = 3;
constexpr uint64_t kSeed = 0xC0A25E;
constexpr int kStages = CoarseModel::kStages, kActivities = CoarseModel::kActivities, kTerms = CoarseModel::kTerms;

/// A channel is coarse when prediction by the mean of an element's four neighbours leaves less than kUnexplained of its
/// variance, and the variance at the highest quality is at least kLeastVariance squares of the quantiser's step.
constexpr double kUnexplained = 0.5, kLeastVariance = 0.25;

// A row of the tables is replaced by one that lies further by one of these shifts, the same shift for all rows of a
// bin.
constexpr int kFirstShift = -60, kShiftStep = 2, kShifts = 46, kBinRows = 12;
constexpr int kBins = (kYRows + kBinRows - 1) / kBinRows;
constexpr int kEnough = 150;  // elements to choose a shift from

/// The channels of y whose neighbouring elements are alike. gain: [M], of the highest quality.
std::vector<int> ChooseChannels(const std::vector<Tensor>& latents, const std::vector<float>& gain) {
  const Shape& s = latents.front().shape();
  std::vector<std::pair<double, int>> found;
  for (int c = 0; c < s.c; ++c) {
    double sum = 0, squares = 0, left = 0, count = 0;
    for (const Tensor& y : latents) {
      const auto at = [&](int i, int j) { return double{y.data()[(int64_t{i} * s.w + j) * s.c + c]}; };
      for (int i = 1; i + 1 < s.h; ++i) {
        for (int j = 1; j + 1 < s.w; ++j) {
          const double v = at(i, j), mean = (at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1)) / 4;
          sum += v, squares += v * v, left += (v - mean) * (v - mean), ++count;
        }
      }
    }
    const double variance = squares - sum * sum / std::max(count, 1.0), g = gain[static_cast<size_t>(c)];
    if (left < kUnexplained * variance && variance * g * g >= kLeastVariance * count) {
      found.emplace_back(left / variance, c);
    }
  }
  std::sort(found.begin(), found.end());
  if (found.size() > CoarseModel::kMostChannels) found.resize(CoarseModel::kMostChannels);
  std::vector<int> channels;
  for (const auto& [part, c] : found) channels.push_back(c);
  std::sort(channels.begin(), channels.end());
  return channels;
}

/// The coarse channels of one patch at one quality.
struct Sample {
  CoarsePlanes planes;                // means and rows
  std::vector<float> target;          // the values to code, laid out as the planes
  std::vector<float> inverse_weight;  // [channels], see RdQuantiser
};

Result<std::vector<Sample>> Samples(Model& model, const std::vector<Tensor>& latents,
                                    const std::vector<int>& channels) {
  const Architecture& a = model.architecture;
  const Shape y = latents.front().shape();
  const int levels = static_cast<int>(a.lambdas.size());
  const Tile tile{0, 0, y.h, y.w, y.h, y.w};
  AECOMP_ASSIGN_OR_RETURN(const auto coder, TileCoder::Create(model, tile));
  std::vector<Sample> samples;
  for (int level = 0; level < levels; ++level) {
    const TileQuality q = TileQualityAt(model, a.max_quality() * level / std::max(levels - 1, 1));
    for (const Tensor& latent : latents) {
      Sample& s = samples.emplace_back();
      AECOMP_ASSIGN_OR_RETURN(s.planes,
                              coder->PredictChannels(q, tile, {latent.data(), int64_t{y.w} * y.c, y.c}, channels));
      for (const int c : channels) {
        const auto channel = static_cast<size_t>(c);
        for (int64_t k = c; k < latent.size(); k += y.c) s.target.push_back(latent.data()[k] * q.scales.gain[channel]);
        s.inverse_weight.push_back(q.inverse_weight[channel]);
      }
    }
  }
  return samples;
}

/// Bits of small symbols, and about the bits of larger ones.
class Prices {
 public:
  explicit Prices(const CodingTables& tables) : bits_(static_cast<size_t>(tables.rows())) {
    for (int row = 0; row < tables.rows(); ++row) {
      for (int v = 0; v <= kMost; ++v) {
        const int value = std::min(v, tables.bound(row) + 1);
        const double p = std::ldexp(tables.Frequency(row, value), -CodingTables::kPrecisionBits);
        const int beyond = v - value + 1;  // of an escape: see PutExcess
        bits_[static_cast<size_t>(row)][static_cast<size_t>(v)] = static_cast<float>(
            -std::log2(p) + (v > tables.bound(row) ? 2 + 2 * std::floor(std::log2(double(beyond))) : 0));
      }
    }
  }
  float Of(int row, int symbol) const {
    return bits_[static_cast<size_t>(row)][static_cast<size_t>(std::min(std::abs(symbol), kMost))];
  }

 private:
  static constexpr int kMost = 255;
  std::vector<std::array<float, kMost + 1>> bits_;
};

/// The cost of every shift of the rows, for one kind of elements.
struct ShiftCosts {
  std::array<double, kShifts> cost{};
  int64_t count = 0;

  void Add(const ShiftCosts& other) {
    for (size_t i = 0; i < cost.size(); ++i) cost[i] += other.cost[i];
    count += other.count;
  }
  int Best() const {
    return kFirstShift + kShiftStep * static_cast<int>(std::min_element(cost.begin(), cost.end()) - cost.begin());
  }
};

int Shifted(int row, int shift) { return std::clamp(row + shift, 1, kYRows - 1); }

/// Weights and rows of one stage of one channel.
class StageFit {
 public:
  void Add(const CoarsePlanes::Terms& t, float target, int row, const std::array<float, kShifts>& costs) {
    if (t.inside) {
      // Far outliers get less weight: they say little about most elements.
      double size = 1 + 0.3 * std::fabs(target - t.mean);
      for (const float x : t.x) size += std::fabs(x);
      Eigen::Vector4d x(t.x[0], t.x[1], t.x[2], t.x[3]);
      x /= size;
      products_ += x * x.transpose(), sums_ += x * ((target - t.mean) / size);
      ++inside_;
    }
    ShiftCosts& to = costs_[static_cast<size_t>(t.activity)][static_cast<size_t>(row / kBinRows)];
    for (size_t i = 0; i < costs.size(); ++i) to.cost[i] += costs[i];
    ++to.count;
  }

  void Solve(float* weights) const {
    if (inside_ < kEnough) return;
    const Eigen::Matrix4d ridge = Eigen::Matrix4d::Identity() * (1e-5 * static_cast<double>(inside_));
    const Eigen::Vector4d w = (products_ + ridge).ldlt().solve(sums_);
    for (int n = 0; n < kTerms; ++n) weights[n] = static_cast<float>(w[n]);
  }

  /// rows: [kActivities, kYRows]
  void ChooseRows(uint8_t* rows) const {
    ShiftCosts all;
    for (const auto& bins : costs_) {
      for (const ShiftCosts& bin : bins) all.Add(bin);
    }
    for (const auto& bins : costs_) {
      ShiftCosts some;
      for (const ShiftCosts& bin : bins) some.Add(bin);
      const int usual = some.count >= kEnough ? some.Best() : all.count >= kEnough ? all.Best() : 0;
      for (int row = 0; row < kYRows; ++row) {
        const ShiftCosts& bin = bins[static_cast<size_t>(row / kBinRows)];
        *rows++ = static_cast<uint8_t>(row == 0 ? 0 : Shifted(row, bin.count >= kEnough ? bin.Best() : usual));
      }
    }
  }

 private:
  Eigen::Matrix4d products_ = Eigen::Matrix4d::Zero();
  Eigen::Vector4d sums_ = Eigen::Vector4d::Zero();
  int64_t inside_ = 0;
  std::array<std::array<ShiftCosts, kBins>, kActivities> costs_{};
};

/// Codes channel k of all samples with the present model, and fits the channel's weights and rows to the elements.
void FitChannel(const RdQuantiser& quantiser, const Prices& prices, size_t k, std::vector<Sample>& samples,
                CoarseModel& model) {
  std::vector<StageFit> fits(kStages);
  for (Sample& s : samples) {
    const float inverse_weight = s.inverse_weight[k];
    for (int stage = 0; stage < kStages; ++stage) {
      s.planes.ForEach(k, stage, [&](int i, int j) {
        const size_t at = s.planes.At(k, i, j);
        const CoarsePlanes::Prediction p = s.planes.Predict(model, k, stage, i, j);
        const float target = s.target[at], residual = target - p.mean;
        const int row = s.planes.row[at];
        const auto quantise = [&](int r) {
          return quantiser.Quantise(residual, static_cast<uint8_t>(r), inverse_weight);
        };
        s.planes.value[at] = p.mean;
        if (row == 0) return;
        std::array<float, kShifts> costs;
        for (int n = 0; n < kShifts; ++n) {
          const int shifted = Shifted(row, kFirstShift + n * kShiftStep);
          const int symbol = quantise(shifted);
          const float error = residual - static_cast<float>(symbol);
          costs[static_cast<size_t>(n)] = prices.Of(shifted, symbol) + error * error / inverse_weight;
        }
        const CoarsePlanes::Terms t =
            stage == 0 ? CoarsePlanes::Terms{{}, p.mean, 0, false, false} : s.planes.TermsOf(k, stage, i, j);
        fits[static_cast<size_t>(stage)].Add(t, target, row, costs);
        s.planes.value[at] += quantise(model.Rows(k, stage, p.activity)[row]);
      });
    }
  }
  for (int stage = 0; stage < kStages; ++stage) {
    const size_t at = k * kStages + static_cast<size_t>(stage);
    fits[static_cast<size_t>(stage)].Solve(model.weights.data() + at * kTerms);
    fits[static_cast<size_t>(stage)].ChooseRows(model.rows.data() + at * kActivities * kYRows);
  }
}

}  // namespace

Status FitCoarse(Model& model, const Dataset& dataset) {
  if (model.architecture.tile != 0 || model.prior.y_tables().rows() != kYRows) return {};
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Tensor> latents,
                          SampleLatents(model, dataset, 2 * CalibrationPatchSize(model.architecture), kPatches, kSeed));
  CoarseModel coarse;
  const Architecture& a = model.architecture;
  coarse.channels = ChooseChannels(latents, TileQualityAt(model, a.max_quality()).scales.gain);
  if (coarse.empty()) return {};
  AECOMP_ASSIGN_OR_RETURN(std::vector<Sample> samples, Samples(model, latents, coarse.channels));
  for (size_t n = 0; n < coarse.channels.size() * kStages; ++n) {
    for (const float w : {0.8f, 1.f, 0.f, 0.f}) coarse.weights.push_back(w);
    for (int row = 0; row < kActivities * kYRows; ++row) coarse.rows.push_back(static_cast<uint8_t>(row % kYRows));
  }
  const RdQuantiser quantiser(model.prior.y_tables());
  const Prices prices(model.prior.y_tables());
  for (int round = 0; round < kRounds; ++round) {
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t k = 0; k < coarse.channels.size(); ++k) FitChannel(quantiser, prices, k, samples, coarse);
  }
  model.prior.SetCoarse(std::move(coarse));
  return {};
}

}  // namespace aecomp
