// Samples of a channel of the residual layer: model/CODING.md, from "Prediction" to "Errors" of "The residual layer".
#pragma once

#include "model/portable/residual_match.h"

namespace aecomp_portable {

class ResidualChannel {
 public:
  /// before: the channels coded before this one. most: the largest sample. step: 2E + 1.
  ResidualChannel(std::vector<ResidualChannel*> before, size_t width, int32_t most, int32_t step, bool base);

  /// The channel's model, from the stream.
  void Read(ResidualCoder* coder);

  void BeginRow(int y) { samples_.Begin(y), errors_.Begin(y), first_ = y == 0; }
  void EndRow() { samples_.End(), errors_.End(); }
  /// The sample at x. base: rows of the base above, here and below, whose ends are repeated once; null: there is none.
  int32_t Decode(ResidualCoder* coder, int x, const int32_t* const* base);
  /// A sample that is known otherwise.
  void Set(int x, int32_t sample) { samples_.here[x] = sample, errors_.here[x] = 0; }

 private:
  static constexpr size_t kMostTaps = 28, kMostFeatures = 14;
  struct Cell {
    int64_t sum = 0;
    int count = 0;
  };
  int FindTaps(int x, const int32_t* const* base);
  void FindFeatures(int x, const int32_t* const* base);
  Cell* FindCell(int x, int level, int32_t predicted);
  int64_t Error(ResidualCoder* coder, int x, int64_t g, int level, int f);

  const std::vector<ResidualChannel*> before_;
  const int32_t most_, step_;
  const bool base_;
  const size_t tap_count_, feature_count_;
  bool first_ = true;  ///< row
  Rows<int32_t> samples_, errors_;
  int levels_ = 0;
  std::vector<int32_t> thresholds_;
  std::vector<std::vector<int32_t>> weights_;  ///< [class, kMostTaps]
  int32_t taps_[kMostTaps] = {};
  int64_t spread_weights_[kMostFeatures] = {}, features_[kMostFeatures] = {};
  std::vector<AdaptiveTable> by_spread_, by_texture_;
  AdaptiveTable escapes_;
  Cell cells_[192];
};

}  // namespace aecomp_portable
