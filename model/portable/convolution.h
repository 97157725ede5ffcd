// Convolutions of integers, exactly: model/CODING.md, "Convolutions". Both kinds are laid out alike: the output
// positions that have the same input under the kernel form a group, and a group is a matrix product of the patches
// under the kernel with the weights. A conv2d has one group of one position; a conv_transpose2d of stride S has S * S
// output positions for each input position, in one or more groups.
#pragma once

#include <functional>

#include "model/portable/common.h"

namespace aecomp_portable {

/// Of a layer, as the architecture names it.
struct ConvolutionShape {
  bool transposed = false;
  int in = 0, out = 0, kernel = 1, stride = 1, padding = 0;

  int64_t weights() const { return int64_t{out} * kernel * kernel * in; }
  /// Rows that it makes of `n` rows; columns alike. Less than 1: none.
  int64_t Size(int64_t n) const {
    return transposed ? (n - 1) * stride - 2 * padding + kernel : (n + 2 * padding - kernel) / stride + 1;
  }
};

/// Rows of activations less their zero point, int16, with zeros beside them.
class ActivationRows {
 public:
  ActivationRows() = default;
  /// `capacity` rows of `width` positions at a time; `margin` zero positions on both sides.
  ActivationRows(int height, int width, int channels, int capacity, int margin);
  int height() const { return height_; }
  int width() const { return width_; }
  int channels() const { return channels_; }
  /// Position 0 of row y; of zeros where the image has no such row.
  const int16_t* At(int y) const { return const_cast<ActivationRows*>(this)->Write(y); }
  int16_t* Write(int y);

 private:
  int height_ = 0, width_ = 0, channels_ = 0, capacity_ = 1;
  size_t line_ = 0, origin_ = 0;
  std::vector<int16_t> values_;  ///< [capacity + 1, line]; the last row is zeros
};

class Convolution {
 public:
  /// weight: [out, kh, kw, in]; bias: [out].
  void Make(const ConvolutionShape& shape, const std::vector<int16_t>& weight, const std::vector<int32_t>& bias);
  const ConvolutionShape& shape() const { return shape_; }

  /// Rows of the output that one step makes: 1, or the stride of a conv_transpose2d.
  int out_step() const { return shape_.transposed ? shape_.stride : 1; }
  /// Of the input, for step i: first row, and one after the last.
  int FirstRow(int i) const { return i * in_step() + first_; }
  int EndRow(int i) const { return i * in_step() + end_; }
  /// Positions beside the input's columns that it reads.
  int Margin(int width) const;

  /// Sums of one step: sums [count] of outputs from channel 0 of position (y, x) on, whole positions.
  using Take = std::function<void(int y, int x, const int32_t* sums, int count)>;
  void Run(const ActivationRows& input, int step, int out_height, int out_width, const Take& take) const;

 private:
  struct Span {               ///< of output positions of a step, along one axis, whose taps read the same input
    int phase, phases;        ///< first position and how many
    int first, taps;          ///< input position of the first tap, counted from the step's; and how many
    int first_tap, tap_step;  ///< in the kernel: of the first tap of position `phase`; from one to the next
  };
  struct Group {
    Span rows, columns;
    int depth = 0, outputs = 0;    ///< of the product: padded length of a patch, padded number of outputs
    std::vector<int16_t> weights;  ///< [outputs, depth]
    std::vector<int32_t> bias;     ///< [outputs]
  };
  int in_step() const { return shape_.transposed ? 1 : shape_.stride; }
  std::vector<Span> Spans() const;
  void FillGroup(const std::vector<int16_t>& weight, const std::vector<int32_t>& bias, Group& group) const;
  void RunGroup(const Group& g, const ActivationRows& input, int step, int out_height, int out_width,
                const Take& take) const;

  ConvolutionShape shape_;
  int first_ = 0, end_ = 0;
  std::vector<Group> groups_;
};

/// sums [rows, outputs] = bias + patches [rows, depth] times weights [outputs, depth], modulo 2^32. depth: a multiple
/// of 16; outputs: of 4; stride: from one patch to the next.
void Multiply(const int16_t* patches, size_t stride, int rows, const int16_t* weights, const int32_t* bias, int outputs,
              int depth, int32_t* sums);
constexpr int kDepthStep = 16, kOutputStep = 4;

}  // namespace aecomp_portable
