#include "model/portable/coarse.h"

#include <algorithm>
#include <cmath>

namespace aecomp_portable {
namespace {

constexpr int kCorners[4][2] = {{-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
constexpr int kAroundCorners[8][2] = {{-1, -3}, {-1, 3}, {1, -3}, {1, 3}, {-3, -1}, {-3, 1}, {3, -1}, {3, 1}};
constexpr int kSides[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
constexpr int kAroundSides[8][2] = {{-1, -2}, {-1, 2}, {1, -2}, {1, 2}, {-2, -1}, {-2, 1}, {2, -1}, {2, 1}};
constexpr float kActivityFrom[7] = {0.5422f, 1.3784f, 2.668f, 4.6569f, 7.7241f, 12.4543f, 19.7494f};

int SideOf(int stage) { return 16 >> ((stage + 1) / 2); }

}  // namespace

CoarseDecoder::CoarseDecoder(const Model& model, const Tile& tile, const QualityNumbers& numbers, Bytes stream)
    : model_(model), tile_(tile), stream_(model.y_tables, stream) {
  for (const int32_t c : model.coarse.channels) {
    Plane& plane = planes_.emplace_back();
    plane.channel = c, plane.gain = numbers.mean_gain[static_cast<size_t>(c)];
    plane.base.resize(static_cast<size_t>(tile.h) * static_cast<size_t>(tile.w));
    plane.value.resize(plane.base.size());
    const float gain = numbers.gain[static_cast<size_t>(c)];
    for (int i = 0; i < tile.h; ++i) {
      for (int j = 0; j < tile.w; ++j) plane.ratio.push_back(tile.gain(i, j, c) / gain);
    }
  }
}

/// shifted: the column j', which is j for odd channels and j + 1 for even ones.
bool CoarseDecoder::IsIn(int stage, int i, int shifted) {
  if (stage == 0) return i % 16 == 0 && shifted % 16 == 0;
  const int side = SideOf(stage);
  if (i % side != 0 || shifted % side != 0) return false;
  const int odd = i / side % 2 + shifted / side % 2;
  return odd == (stage % 2 != 0 ? 2 : 1);
}

/// The average difference and the average base of those neighbours that exist, and their values where `values` is not
/// null. Returns how many do.
int CoarseDecoder::Average(const Plane& plane, const int (*steps)[2], int count, int side, int i, int j,
                           float* difference, float* bases, float* values) const {
  float sum = 0, sum_of_bases = 0;
  int there = 0;
  for (int n = 0; n < count; ++n) {
    const int y = i + steps[n][0] * side, x = j + steps[n][1] * side;
    if (y < 0 || y >= tile_.h || x < 0 || x >= tile_.w) continue;
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(tile_.w) + static_cast<size_t>(x);
    const float v = plane.value[at];
    sum += v - plane.base[at], sum_of_bases += plane.base[at];
    if (values != nullptr) values[there] = v;
    ++there;
  }
  const float own = plane.base[static_cast<size_t>(i) * static_cast<size_t>(tile_.w) + static_cast<size_t>(j)];
  *difference = there == 0 ? 0 : sum / static_cast<float>(there);
  *bases = there == 0 ? 0 : sum_of_bases / static_cast<float>(there) - own;
  return there;
}

CoarseDecoder::Prediction CoarseDecoder::Predict(size_t k, int stage, int i, int j) const {
  const Plane& plane = planes_[k];
  const size_t own = static_cast<size_t>(i) * static_cast<size_t>(tile_.w) + static_cast<size_t>(j);
  const float base = plane.base[own], ratio = plane.ratio[own];
  if (stage == 0) return {base, 0};
  const int side = SideOf(stage);
  const bool centres = stage % 2 != 0;
  float a, b, c, d, v[4];
  const int nearest = Average(plane, centres ? kCorners : kSides, 4, side, i, j, &a, &b, v);
  Average(plane, centres ? kAroundCorners : kAroundSides, 8, side, i, j, &c, &d, nullptr);
  const float* w =
      model_.coarse.weights.data() + (k * CoarseModel::kStages + static_cast<size_t>(stage)) * CoarseModel::kTerms;
  int activity = CoarseModel::kActivities - 1;
  if (nearest == 4) {
    activity = 0;
    const float span = (*std::max_element(v, v + 4) - *std::min_element(v, v + 4)) * ratio;
    const float twist = centres ? v[0] - v[1] - v[2] + v[3] : v[0] + v[1] - v[2] - v[3];
    static constexpr float kPlane[CoarseModel::kTerms] = {1, 1, 0, 0};
    if (tile_.planes && std::fabs(twist) * ratio <= 1) w = kPlane;
    while (activity < CoarseModel::kActivities - 1 && span >= kActivityFrom[activity]) ++activity;
  }
  return {base + a * w[0] + b * w[1] + c * w[2] + d * w[3], activity};
}

void CoarseDecoder::Stage(size_t k, int stage, float* mu, int16_t* symbols) {
  Plane& plane = planes_[k];
  const int side = stage == 0 ? 16 : SideOf(stage), shift = 1 - plane.channel % 2;
  const auto channels = static_cast<size_t>(model_.latent_channels), channel = static_cast<size_t>(plane.channel);
  for (int i = 0; i < tile_.h; i += side) {
    for (int j = (side - shift) % side; j < tile_.w; j += side) {
      if (!IsIn(stage, i, j + shift)) continue;
      const Prediction p = Predict(k, stage, i, j);
      const size_t at = Position(i, j) * channels + channel;
      int row = tile_.rows[at], symbol = 0;
      if (row != 0) {
        const size_t place = (k * CoarseModel::kStages + static_cast<size_t>(stage)) * CoarseModel::kActivities;
        row = model_.coarse
                  .rows[(place + static_cast<size_t>(p.activity)) * static_cast<size_t>(model_.coarse.table_rows) +
                        static_cast<size_t>(row)];
        symbol = row == 0 ? 0 : stream_.Value(row);
      }
      symbols[at] = static_cast<int16_t>(symbol);
      mu[at] = p.mean / plane.gain;
      const size_t own = static_cast<size_t>(i) * static_cast<size_t>(tile_.w) + static_cast<size_t>(j);
      plane.value[own] = p.mean + static_cast<float>(symbol) / plane.ratio[own];
    }
  }
}

Status CoarseDecoder::FirstStages(float* mu, int16_t* symbols) {
  for (Plane& plane : planes_) {
    size_t to = 0;
    for (int i = 0; i < tile_.h; ++i) {
      for (int j = 0; j < tile_.w; ++j) {
        plane.base[to++] =
            mu[Position(i, j) * static_cast<size_t>(model_.latent_channels) + static_cast<size_t>(plane.channel)] *
            plane.gain;
      }
    }
  }
  for (int stage = 0; stage < CoarseModel::kStages - 1; ++stage) {
    for (size_t k = 0; k < planes_.size(); ++k) {
      if (planes_[k].gain != 0) Stage(k, stage, mu, symbols);
    }
  }
  return {};
}

Status CoarseDecoder::LastStage(float* mu, int16_t* symbols) {
  constexpr int kLast = CoarseModel::kStages - 1;
  for (size_t k = 0; k < planes_.size(); ++k) {
    Plane& plane = planes_[k];
    if (plane.gain == 0) continue;
    for (int i = 0; i < tile_.h; ++i) {
      for (int j = 0; j < tile_.w; ++j) {
        if (!IsIn(kLast, i, j + 1 - plane.channel % 2)) continue;
        const size_t at =
            Position(i, j) * static_cast<size_t>(model_.latent_channels) + static_cast<size_t>(plane.channel);
        plane.base[static_cast<size_t>(i) * static_cast<size_t>(tile_.w) + static_cast<size_t>(j)] =
            mu[at] * plane.gain;
      }
    }
    Stage(k, kLast, mu, symbols);
  }
  return planes_.empty() ? Status() : stream_.End();
}

}  // namespace aecomp_portable
