#include "model/entropy/coarse.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "model/base/number_check.h"

namespace aecomp {
namespace {

constexpr const char* kChannelsKey = "integer.coarse.channels";
constexpr const char* kWeightsKey = "integer.coarse.weights";
constexpr const char* kRowsKey = "integer.coarse.rows";

/// Each stage multiplies what the stages before it gave by at most 1 + 8 * weight: below this weight nine stages stay
/// finite.
constexpr float kMostCoarseWeight = 256;

/// Ranges of four neighbours from which on the next activity begins: 2^(n / 1.6) - 1.
constexpr std::array<float, CoarseModel::kActivities - 1> kActivityFrom = {0.5422f, 1.3784f,  2.668f,  4.6569f,
                                                                           7.7241f, 12.4543f, 19.7494f};

/// Opposite neighbours lie nearly in a plane where their sums differ by at most this, in the own step.
constexpr float kMostTwist = 1;
/// In planes: the average of the nearest values, and nothing of those around them.
constexpr std::array<float, CoarseModel::kTerms> kPlanarWeights = {1, 1, 0, 0};

struct Step {
  int i, j;
};
/// In sides of the squares.
constexpr std::array<Step, 4> kCorners = {{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}}};
constexpr std::array<Step, 8> kAroundCorners = {
    {{-1, -3}, {-1, 3}, {1, -3}, {1, 3}, {-3, -1}, {-3, 1}, {3, -1}, {3, 1}}};
constexpr std::array<Step, 4> kSides = {{{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};
constexpr std::array<Step, 8> kAroundSides = {{{-1, -2}, {-1, 2}, {1, -2}, {1, 2}, {-2, -1}, {-2, 1}, {2, -1}, {2, 1}}};

Status Unfit(const std::string& key) { return ModelError("tensor \"" + key + "\" does not fit the model"); }

}  // namespace

void CoarseModel::Save(SafetensorsWriter& writer) const {
  if (empty()) return;
  const int64_t n = std::ssize(channels);
  writer.AddIntegers(kChannelsKey, {n}, std::vector<int32_t>(channels.begin(), channels.end()), DType::kI32);
  writer.AddFloats(kWeightsKey, {n, kStages, kTerms}, weights, DType::kF32);
  writer.AddIntegers(kRowsKey, {n, kStages, kActivities, kYRows}, std::vector<int32_t>(rows.begin(), rows.end()),
                     DType::kU8);
}

Result<CoarseModel> CoarseModel::Load(const SafetensorsFile& file, int latent_channels, int tables) {
  CoarseModel m;
  const TensorView* tensor = file.Find(kChannelsKey);
  if (tensor == nullptr) return m;
  if (tensor->dims.size() != 1 || tensor->dims[0] < 1 || tensor->dims[0] > kMostChannels) return Unfit(kChannelsKey);
  if (tables > kYRows) return Unfit(kRowsKey);
  const int64_t n = tensor->dims[0];
  AECOMP_ASSIGN_OR_RETURN(m.channels, file.ReadIntegers(kChannelsKey, {n}));
  for (size_t k = 0; k < m.channels.size(); ++k) {
    if (m.channels[k] < (k == 0 ? 0 : m.channels[k - 1] + 1) || m.channels[k] >= latent_channels) {
      return Unfit(kChannelsKey);
    }
  }
  AECOMP_ASSIGN_OR_RETURN(m.weights, file.ReadFloats(kWeightsKey, {n, kStages, kTerms}));
  if (!AllWithin(m.weights, kMostCoarseWeight)) return Unfit(kWeightsKey);
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int32_t> rows,
                          file.ReadIntegers(kRowsKey, {n, kStages, kActivities, kYRows}));
  for (const int32_t row : rows) {
    if (row < 0 || row >= tables) return Unfit(kRowsKey);
    m.rows.push_back(static_cast<uint8_t>(row));
  }
  return m;
}

void CoarsePlanes::Reset(const std::vector<int>& channels, int h, int w) {
  channels_ = channels, h_ = h, w_ = w;
  const size_t size = At(channels.size(), 0, 0);
  mean.assign(size, 0), value.assign(size, 0), row.assign(size, 0), symbol.assign(size, 0);
}

CoarsePlanes::Terms CoarsePlanes::TermsOf(size_t k, int stage, int i, int j, float ratio) const {
  const int side = Side(stage);
  const bool centres = stage % 2 == 1;
  const float own = mean[At(k, i, j)];
  float low = 0, high = 0, twist = 0;
  int nearest = 0;
  // How much those of these neighbours that exist differ from their means, and what these means are.
  const auto average = [&](const auto& steps, float* difference, float* means, bool range) {
    float sum = 0, sum_of_means = 0;
    int count = 0;
    for (const Step& step : steps) {
      const int y = i + step.i * side, x = j + step.j * side;
      if (y < 0 || y >= h_ || x < 0 || x >= w_) continue;
      const size_t at = At(k, y, x);
      const float v = value[at];
      sum += v - mean[at], sum_of_means += mean[at];
      if (range) {
        low = count == 0 ? v : std::min(low, v), high = count == 0 ? v : std::max(high, v);
        const bool first_pair = centres ? count == 0 || count == 3 : count < 2;
        twist = first_pair ? twist + v : twist - v;
      }
      ++count;
    }
    *difference = count == 0 ? 0 : sum / static_cast<float>(count);
    *means = count == 0 ? 0 : sum_of_means / static_cast<float>(count) - own;
    return count;
  };
  Terms t;
  t.mean = own;
  nearest = average(centres ? kCorners : kSides, &t.x[0], &t.x[1], true);
  average(centres ? kAroundCorners : kAroundSides, &t.x[2], &t.x[3], false);
  t.inside = nearest == 4;
  t.planar = t.inside && std::fabs(twist) * ratio <= kMostTwist;
  t.activity = CoarseModel::kActivities - 1;
  if (t.inside) {
    t.activity = 0;
    const float range = (high - low) * ratio;
    while (t.activity < CoarseModel::kActivities - 1 && range >= kActivityFrom[static_cast<size_t>(t.activity)])
      ++t.activity;
  }
  return t;
}

CoarsePlanes::Prediction CoarsePlanes::Predict(const CoarseModel& model, size_t k, int stage, int i, int j, float ratio,
                                               bool planar) const {
  if (stage == 0) return {mean[At(k, i, j)], 0};
  const Terms t = TermsOf(k, stage, i, j, ratio);
  const float* w = planar && t.planar ? kPlanarWeights.data() : model.Weights(k, stage);
  float sum = t.mean;
  for (size_t n = 0; n < t.x.size(); ++n) sum += t.x[n] * w[n];
  return {sum, t.activity};
}

}  // namespace aecomp
