// The three passes of one 2-D convolution problem on oneDNN, with the weights kept in the blocked formats that each
// pass prefers. conv2d runs each under its name; conv_transpose2d runs BackwardData as its forward pass, and so on.
#pragma once

#include "model/base/onednn.h"
#include "model/base/tensor.h"

namespace aecomp {

struct ConvGeometry {
  Shape src, dst;
  int kernel = 1, stride = 1, padding = 0, groups = 1;
  bool bias = false;  ///< Forward adds one

  /// Weights [dst.c, src.c / groups, kernel, kernel].
  int64_t weight_size() const { return int64_t{dst.c} * (src.c / groups) * kernel * kernel; }
};

class ConvCore {
 public:
  /// bfloat16: factors are rounded to it, sums stay f32; for HasBfloat16().
  ConvCore(const ConvGeometry& geometry, bool fuse_relu, bool bfloat16 = false);

  /// weights: canonical order, see ConvGeometry. Copied into blocked form when next needed.
  void SetWeights(const float* weights);

  void Forward(const float* src, const float* bias, float* dst);  // [N,H,W,C] -> [N,H',W',O]
  void BackwardData(const float* diff_dst, float* diff_src);      // overwrites diff_src
  void BackwardWeights(const float* src, const float* diff_dst,   //
                       float* weight_grad, float* bias_grad);     // adds; bias_grad null: no bias gradient

 private:
  struct BlockedWeights {
    dnnl::memory::desc desc;
    AlignedBuffer<uint8_t> data;
    bool stale = true;
    void Make(const dnnl::memory::desc& blocked);
  };
  /// The problem of which a pass is made. The operand that the pass writes stays f32.
  enum class Pass { kForward, kBackwardData, kBackwardWeights };
  const float* Sample(const float* src);
  void Spread(float* diff_src) const;
  void MakeForward();
  void MakeBackwardData();
  void MakeBackwardWeights();
  void Refresh(BlockedWeights& blocked);
  dnnl::memory::desc CanonicalDesc() const;
  onednn::ConvProblem Problem(Pass pass, bool with_bias) const;
  const void* Factor(const float* values, const Shape& shape, int which) const;

  ConvGeometry geometry_;  // of what oneDNN runs
  Shape whole_src_;
  int spacing_ = 1;               // > 1: a 1x1 convolution that sees only every so many positions
  AlignedBuffer<float> sampled_;  // [N, H', W', C]: those positions of src, or their gradient
  bool bfloat16_;
  const float* weights_ = nullptr;
  dnnl::convolution_forward::primitive_desc hint_;
  onednn::Op forward_, backward_data_, backward_weights_, gradient_reorder_;
  BlockedWeights forward_weights_, backward_weights_blocked_;
  AlignedBuffer<float> diff_weights_, diff_bias_;
};

/// Rounds to the nearest bfloat16, ties to even. NaN stays NaN.
void ToBfloat16(const float* from, int64_t size, uint16_t* to);

/// grad[c] += sum over rows of dy[row, c].
void AddBiasGradient(const float* dy, int64_t rows, int channels, float* grad);

/// dy[i] *= leak where y[i] <= 0: the backward pass of a fused relu.
void MaskByRelu(const float* y, float* dy, int64_t size, float leak);

}  // namespace aecomp
