// model/CODING.md, "Coarse channels".
#pragma once

#include <functional>

#include "model/portable/model.h"

namespace aecomp_portable {

class CoarseDecoder {
 public:
  struct Tile {
    int h, w;                                              ///< coded elements
    int line;                                              ///< positions of a row, with padding
    const uint8_t* rows;                                   ///< [.., line, M], from z
    std::function<float(int i, int j, int channel)> gain;  ///< of the quality of a place
    bool planes;                                           ///< the tool "in planes"
  };
  /// numbers: of the quality of the header. Without coarse channels the stream is not looked at.
  CoarseDecoder(const Model& model, const Tile& tile, const QualityNumbers& numbers, Bytes stream);

  /// mu, symbols: [.., line, M]; of the elements that are decoded both are set.
  Status FirstStages(float* mu, int16_t* symbols);
  /// mu: with the correction. Afterwards the stream must be at its end.
  Status LastStage(float* mu, int16_t* symbols);

 private:
  struct Plane {
    int channel;
    float gain;
    std::vector<float> base, value, ratio;  ///< [h, w]; ratio: g
  };
  struct Prediction {
    float mean;
    int activity;
  };
  static bool IsIn(int stage, int i, int shifted);
  size_t Position(int i, int j) const {
    return static_cast<size_t>(i) * static_cast<size_t>(tile_.line) + static_cast<size_t>(j);
  }
  Prediction Predict(size_t k, int stage, int i, int j) const;
  int Average(const Plane& plane, const int (*steps)[2], int count, int side, int i, int j, float* difference,
              float* bases, float* values) const;
  void Stage(size_t k, int stage, float* mu, int16_t* symbols);

  const Model& model_;
  const Tile tile_;
  StreamDecoder stream_;
  std::vector<Plane> planes_;
};

}  // namespace aecomp_portable
