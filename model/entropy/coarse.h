// Coarse channels: the few channels of y that hold the means of blocks, so that neighbouring elements are alike. In
// smooth images they take most of the bits, and neither z nor a context of two halves predicts them well. They have a
// stream of their own and are coded in stages: a lattice of every 16th element each way, then by turns the centres of
// its squares and the middles of their sides, until all elements are there (hierarchical interpolation, as Roos et al.,
// "Reversible intraframe compression of medical images", IEEE Trans. Med. Imaging 7(4), 1988). An element is predicted
// from its neighbours of earlier stages and from the means that the prior predicts anyway. The differences of these
// neighbours choose its table.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/base/safetensors.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {

/// The coarse channels of a model, with their predictors and tables. Old models have none.
struct CoarseModel {
  static constexpr int kStages = 9;
  static constexpr int kActivities = 8;
  static constexpr int kTerms = 4;
  static constexpr int kMostChannels = 16;

  std::vector<int> channels;   ///< of y, ascending
  std::vector<float> weights;  ///< [channels, kStages, kTerms]: see CoarsePlanes::Predict
  std::vector<uint8_t> rows;   ///< [channels, kStages, kActivities, kYRows]: row of y_tables for the prior's row

  bool empty() const { return channels.empty(); }
  const float* Weights(size_t channel, int stage) const {
    return weights.data() + (channel * kStages + static_cast<size_t>(stage)) * kTerms;
  }
  const uint8_t* Rows(size_t channel, int stage, int activity) const {
    return rows.data() +
           ((channel * kStages + static_cast<size_t>(stage)) * kActivities + static_cast<size_t>(activity)) * kYRows;
  }

  void Save(SafetensorsWriter& writer) const;
  /// Empty where the file has none. kModel where it does not fit y of `latent_channels` coded with `tables`.
  static Result<CoarseModel> Load(const SafetensorsFile& file, int latent_channels, int tables);
};

/// The coarse channels of one tile while it is coded: [channels] planes of h * w elements in units of the quantiser's
/// step.
class CoarsePlanes {
 public:
  void Reset(const std::vector<int>& channels, int h, int w);
  size_t channels() const { return channels_.size(); }
  int channel(size_t k) const { return channels_[k]; }
  int h() const { return h_; }
  int w() const { return w_; }

  size_t At(size_t k, int i, int j) const {
    return (k * static_cast<size_t>(h_) + static_cast<size_t>(i)) * static_cast<size_t>(w_) + static_cast<size_t>(j);
  }
  std::vector<float> mean;   ///< what the prior predicts
  std::vector<float> value;  ///< what is restored
  std::vector<uint8_t> row;  ///< what the prior says
  std::vector<int16_t> symbol;

  /// Calls f(i, j) for the elements of a stage in channel k, in the order in which they are coded. The last stage is
  /// what the context sees nothing of: see TileCoder.
  template <class F>
  void ForEach(size_t k, int stage, F f) const {
    for (int i = 0; i < h_; ++i) ForEachInRow(k, stage, i, f);
  }
  template <class F>
  void ForEachInRow(size_t k, int stage, int i, F f) const {
    const int shift = Shift(k);
    if (stage == 0) {
      if (i % kLattice != 0) return;
      for (int j = (kLattice - shift) % kLattice; j < w_; j += kLattice) f(i, j);
      return;
    }
    const int side = Side(stage);
    if (i % side != 0) return;
    const bool odd = i / side % 2 != 0;
    // Centres: odd multiples of `side` both ways; middles: in one of both.
    if (stage % 2 == 1 && !odd) return;
    const int begin = stage % 2 == 1 || !odd ? side : 0;
    for (int j = begin - shift; j < w_; j += 2 * side) {
      if (j >= 0) f(i, j);
    }
  }

  struct Terms {
    std::array<float, CoarseModel::kTerms> x;  ///< what is weighted
    float mean;                                ///< what their sum is added to
    int activity;                              ///< 0 .. kActivities - 1
    bool inside;                               ///< whether all nearest neighbours exist
    bool planar;  ///< whether these lie nearly in a plane: opposite ones have nearly the same sum
  };
  /// Of an element of stage 1 or later: how much its four nearest neighbours differ from their means on average; the
  /// mean of these means less its own; the same of the eight neighbours around them.
  /// ratio: of the step in which these planes are to the own step, in which the activity is measured.
  Terms TermsOf(size_t k, int stage, int i, int j, float ratio = 1) const;

  struct Prediction {
    float mean;
    int activity;
  };
  /// The mean, and the weighted terms; with `planar`, where the neighbours lie in a plane, the middle of that. Weights
  /// of the model serve all of an image; smooth slopes do better without them. Single operations in a fixed order: the
  /// same on every machine.
  Prediction Predict(const CoarseModel& model, size_t k, int stage, int i, int j, float ratio = 1,
                     bool planar = false) const;

 private:
  static constexpr int kLattice = 16;
  static int Side(int stage) { return kLattice >> ((stage + 1) / 2); }
  /// Columns by which the lattice lies to the left, so that the last stage is the second half of the channel's
  /// elements.
  int Shift(size_t k) const { return 1 - channels_[k] % 2; }

  std::vector<int> channels_;
  int h_ = 0, w_ = 0;
};

}  // namespace aecomp
