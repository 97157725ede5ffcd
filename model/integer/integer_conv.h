// An IntegerLayer compiled for one input size: oneDNN's u8 x s8 -> s32 convolution. Equal to AccumulateScalar bit for
// bit on every instruction set, because
// - activations are u8 and weights 7-bit (s8 x s8, or 8-bit weights, saturate or lose a bit without VNNI);
// - the input is padded explicitly with its zero point, whose contribution is a constant that moves into the bias;
// - a transposed convolution runs as a convolution to stride*stride*out channels, read back in another order
//   (depth-to-space): int8 deconvolution has defects of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "model/integer/integer_layer.h"

namespace aecomp {

class IntegerConv {
 public:
  /// `layer` must outlive this. For inputs [h, w, in] and smaller ones. May throw dnnl::error or std::bad_alloc.
  IntegerConv(const IntegerLayer& layer, int h, int w, int zero_point);
  ~IntegerConv();
  IntegerConv(IntegerConv&&) noexcept;

  /// From now on inputs are [h, w, in], at most the size of construction. The call costs nothing, unlike making another
  /// object; but narrower inputs take as long as the widest.
  void SetSize(int h, int w);

  const Shape& input() const;
  const Shape& output() const;

  /// x: [h, w, in] -> y: [h', w', out], requantised to 0 .. 255: a relu is part of it.
  void RunToU8(const uint8_t* x, uint8_t* y);

  /// The same, but to table rows: (requantised + offset[c] + 128) >> 8, clamped to 0 .. max_row.
  void RunToRows(const uint8_t* x, const int32_t* offset, int max_row, uint8_t* rows);

  /// The same with offsets [out] that every pixel chooses for itself: choose(pixel, its rows [out] with `offset`).
  /// Several threads call it.
  using ChooseOffset = std::function<const int32_t*(int64_t pixel, const uint8_t* rows)>;
  void RunToRows(const uint8_t* x, const int32_t* offset, const ChooseOffset& choose, int max_row, uint8_t* rows);

  /// Sums of some outputs that follow each other in a row: repeats x width, of which each `width` have these biases. A
  /// width is a number of whole pixels.
  struct Sums {
    int y, x;  ///< of the first pixel
    int repeats, width;
    int64_t stride;       ///< from one repeat to the next in acc
    const int32_t* acc;   ///< [repeats, width]
    const int32_t* bias;  ///< [width], to be added
  };
  /// Pixels in a width, at most.
  int most_pixels() const;
  using Epilogue = std::function<void(const Sums&)>;

  /// Of the output: rows top .. bottom, columns left .. right.
  struct Area {
    int top, bottom, left, right;
  };

  /// What the convolution reads: [h, w, in] with its padding, in rows of padded().w pixels, which is more than w and
  /// the padding where the input is narrower than the widest. Whoever makes it in place saves a copy.
  const Shape& padded() const;
  int padding() const;
  void FillBorder(uint8_t* padded) const;
  /// Calls `epilogue` from several threads until it has seen every output.
  void RunPadded(const uint8_t* padded, const Epilogue& epilogue);
  /// The same for the outputs within `area` only, and about no more work than they need.
  void RunPadded(const uint8_t* padded, const Area& area, const Epilogue& epilogue);

  // The same for a part of the input at a time, where the layer is not transposed.

  /// How many rows of the output are computed at a time.
  int strip() const;
  /// Output row r reads the padded rows r * stride() .. r * stride() + taps().
  int stride() const;
  int taps() const;
  /// The outputs of rows top .. bottom. rows: padded rows from `first` on, up to ReadEnd; what those after the last one
  /// that is needed hold does not matter.
  void RunRows(const uint8_t* rows, int first, const Area& area, const Epilogue& epilogue);
  int ReadEnd(int top, int bottom) const;

  /// Accumulators with bias [h', w', out]: for tests.
  void RunToAccumulators(const uint8_t* x, int32_t* acc);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aecomp
