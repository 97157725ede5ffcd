// Latents of a whole image, or of a rectangle of its tiles: rows of positions with M channels each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/tensor.h"

namespace aecomp {

/// y before gain, as the analysis transform made it; the memory belongs to somebody else.
struct LatentView {
  const float* data = nullptr;       ///< element (0, 0, 0)
  int64_t row_stride = 0;            ///< floats from one row of positions to the next
  int channels = 0;                  ///< M
  const int16_t* symbols = nullptr;  ///< of the same elements, where they are chosen already; see AnalysedImage

  /// [M]
  const float* At(int row, int column) const { return data + row * row_stride + int64_t{column} * channels; }
  /// The same of `symbols`.
  const int16_t* SymbolsAt(int row, int column) const {
    return symbols + row * row_stride + int64_t{column} * channels;
  }
};

/// What an encoder predicts of y, and the symbols that it chooses, of an image with the padding of its tiles: for
/// another one that chooses better. y^ is mean + symbol. Means and symbols are in units of the quantisation step.
struct LatentPrediction {
  std::vector<float> mean;       ///< [rows, columns, M]: those of the second half hold for these symbols of the first
  std::vector<int16_t> symbol;   ///< [rows, columns, M]
  std::vector<uint8_t> row;      ///< [rows, columns, M]: of the tables; 0: nothing is coded, or a coarse channel is
  std::vector<uint8_t> quality;  ///< [rows, columns], in 1/16 steps
};

/// y^ * step, in the precision that the synthesis transform reads: f32, or int16 in steps of kLatentUnit.
class LatentPlane {
 public:
  LatentPlane(bool integer, int channels) : integer_(integer), channels_(channels) {}

  /// From here on rows x columns positions of unknown values. Memory is kept where it is enough.
  void Resize(int rows, int columns);

  /// The same, but `kept` rows of as many columns keep their values: row `first` becomes row 0, and so on.
  void Scroll(int first, int kept, int rows, int columns);

  /// values: [M] of one position. May be called from several threads.
  void Set(int row, int column, const float* values);

  bool integer() const { return integer_; }
  int64_t row_stride() const { return row_stride_; }
  /// From position (row, column) on. The one that matches integer() only.
  const float* Floats(int row, int column) const { return floats_.data() + Offset(row, column); }
  const int16_t* Integers(int row, int column) const { return integers_.data() + Offset(row, column); }

 private:
  int64_t Offset(int row, int column) const { return row * row_stride_ + int64_t{column} * channels_; }

  bool integer_;
  int channels_;
  int64_t row_stride_ = 0;
  AlignedBuffer<float> floats_;
  AlignedBuffer<int16_t> integers_;
};

}  // namespace aecomp
