#include "model/layers/conv_core.h"

#include <cstring>
#include <vector>

namespace aecomp {

ConvCore::ConvCore(const ConvGeometry& geometry, bool fuse_relu)
    : geometry_(geometry), whole_src_(geometry.src), fuse_relu_(fuse_relu) {
  // oneDNN 2.6.3 on AVX2 writes past its own buffer in a strided 1x1 convolution of fewer than 8 channels, forward too:
  // wrong gradients with several threads, a damaged heap with one. So the positions that count are gathered here first.
  if (geometry.kernel == 1 && geometry.stride > 1 && geometry.padding == 0) {
    spacing_ = geometry.stride;
    geometry_.stride = 1;
    geometry_.src.h = geometry.dst.h, geometry_.src.w = geometry.dst.w;
    sampled_ = AlignedBuffer<float>(static_cast<size_t>(geometry_.src.size()));
  }
  dnnl::primitive_attr attr = onednn::UserScratchpad();
  if (fuse_relu) {
    dnnl::post_ops ops;
    onednn::AppendRelu(ops);
    attr.set_post_ops(ops);
  }
  hint_ = onednn::ConvForward(Problem(geometry.bias), attr);
}

const float* ConvCore::Sample(const float* src) {
  if (spacing_ == 1) return src;
  const Shape& small = geometry_.src;
  const size_t bytes = static_cast<size_t>(small.c) * sizeof(float);
#pragma omp parallel for collapse(2) schedule(static)
  for (int n = 0; n < small.n; ++n) {
    for (int h = 0; h < small.h; ++h) {
      const float* from = src + (int64_t{n} * whole_src_.h + h * spacing_) * whole_src_.w * small.c;
      float* to = sampled_.data() + (int64_t{n} * small.h + h) * small.w * small.c;
      for (int w = 0; w < small.w; ++w) std::memcpy(to + w * small.c, from + w * spacing_ * small.c, bytes);
    }
  }
  return sampled_.data();
}

void ConvCore::Spread(float* diff_src) const {
  const Shape& small = geometry_.src;
  const size_t bytes = static_cast<size_t>(small.c) * sizeof(float);
  std::memset(diff_src, 0, static_cast<size_t>(whole_src_.size()) * sizeof(float));
#pragma omp parallel for collapse(2) schedule(static)
  for (int n = 0; n < small.n; ++n) {
    for (int h = 0; h < small.h; ++h) {
      const float* from = sampled_.data() + (int64_t{n} * small.h + h) * small.w * small.c;
      float* to = diff_src + (int64_t{n} * whole_src_.h + h * spacing_) * whole_src_.w * small.c;
      for (int w = 0; w < small.w; ++w) std::memcpy(to + w * spacing_ * small.c, from + w * small.c, bytes);
    }
  }
}

dnnl::memory::desc ConvCore::CanonicalDesc() const {
  const ConvGeometry& g = geometry_;
  if (g.groups == 1) return {{g.dst.c, g.src.c, g.kernel, g.kernel}, onednn::Type::f32, onednn::Tag::oihw};
  return {
      {g.groups, g.dst.c / g.groups, g.src.c / g.groups, g.kernel, g.kernel}, onednn::Type::f32, onednn::Tag::goihw};
}

onednn::ConvProblem ConvCore::Problem(bool with_bias) const {
  const ConvGeometry& g = geometry_;
  onednn::ConvProblem p;
  p.src = onednn::ActivationDesc(g.src);
  p.dst = onednn::ActivationDesc(g.dst);
  p.weights = dnnl::memory::desc(onednn::Dims(CanonicalDesc()), onednn::Type::f32, onednn::Tag::any);
  if (with_bias) p.bias = dnnl::memory::desc({g.dst.c}, onednn::Type::f32, onednn::Tag::x);
  // The right padding follows from the sizes; this is how output_padding of a transposed convolution is said.
  const auto high = [&](int in, int out) {
    return dnnl::memory::dim{(out - 1) * g.stride + g.kernel - in - g.padding};
  };
  p.strides = {g.stride, g.stride};
  p.padding_low = {g.padding, g.padding};
  p.padding_high = {high(g.src.h, g.dst.h), high(g.src.w, g.dst.w)};
  return p;
}

void ConvCore::SetWeights(const float* weights) {
  weights_ = weights;
  forward_weights_.stale = backward_weights_blocked_.stale = true;
}

void ConvCore::Refresh(BlockedWeights& blocked) {
  if (!blocked.stale) return;
  onednn::Reorder(CanonicalDesc(), weights_, blocked.desc, blocked.data.data());
  blocked.stale = false;
}

void ConvCore::MakeForward() {
  forward_ = onednn::MakeOp<dnnl::convolution_forward>(hint_);
  forward_.Bind(DNNL_ARG_SRC, hint_.src_desc());
  forward_.Bind(DNNL_ARG_WEIGHTS, hint_.weights_desc());
  forward_.Bind(DNNL_ARG_DST, hint_.dst_desc());
  if (geometry_.bias) forward_.Bind(DNNL_ARG_BIAS, hint_.bias_desc());
  forward_weights_.desc = hint_.weights_desc();
  forward_weights_.data = AlignedBuffer<float>((forward_weights_.desc.get_size() + 3) / 4);
}

void ConvCore::Forward(const float* src, const float* bias, float* dst) {
  if (!forward_) MakeForward();
  Refresh(forward_weights_);
  forward_.Set(DNNL_ARG_SRC, Sample(src));
  forward_.Set(DNNL_ARG_WEIGHTS, forward_weights_.data.data());
  forward_.Set(DNNL_ARG_DST, dst);
  if (geometry_.bias) forward_.Set(DNNL_ARG_BIAS, bias);
  forward_.Run();
}

void ConvCore::MakeBackwardData() {
  const auto pd = onednn::ConvBackwardData(Problem(false), hint_);
  backward_data_ = onednn::MakeOp<dnnl::convolution_backward_data>(pd);
  backward_data_.Bind(DNNL_ARG_DIFF_SRC, pd.diff_src_desc());
  backward_data_.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc());
  backward_data_.Bind(DNNL_ARG_DIFF_DST, pd.diff_dst_desc());
  backward_weights_blocked_.desc = pd.weights_desc();
  backward_weights_blocked_.data = AlignedBuffer<float>((pd.weights_desc().get_size() + 3) / 4);
}

void ConvCore::BackwardData(const float* diff_dst, float* diff_src) {
  if (!backward_data_) MakeBackwardData();
  Refresh(backward_weights_blocked_);
  backward_data_.Set(DNNL_ARG_DIFF_DST, diff_dst);
  backward_data_.Set(DNNL_ARG_WEIGHTS, backward_weights_blocked_.data.data());
  backward_data_.Set(DNNL_ARG_DIFF_SRC, spacing_ == 1 ? diff_src : sampled_.data());
  backward_data_.Run();
  if (spacing_ > 1) Spread(diff_src);
}

void ConvCore::MakeBackwardWeights() {
  const auto pd = onednn::ConvBackwardWeights(Problem(geometry_.bias), hint_);
  backward_weights_ = onednn::MakeOp<dnnl::convolution_backward_weights>(pd);
  backward_weights_.Bind(DNNL_ARG_SRC, pd.src_desc());
  backward_weights_.Bind(DNNL_ARG_DIFF_DST, pd.diff_dst_desc());
  backward_weights_.Bind(DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc());
  diff_weights_ = AlignedBuffer<float>((pd.diff_weights_desc().get_size() + 3) / 4);
  if (geometry_.bias) {
    backward_weights_.Bind(DNNL_ARG_DIFF_BIAS, pd.diff_bias_desc());
    diff_bias_ = AlignedBuffer<float>((pd.diff_bias_desc().get_size() + 3) / 4);
  }
  gradient_reorder_ = onednn::AddingReorder(pd.diff_weights_desc(), CanonicalDesc());
}

void ConvCore::BackwardWeights(const float* src, const float* diff_dst, float* weight_grad, float* bias_grad) {
  if (!backward_weights_) MakeBackwardWeights();
  backward_weights_.Set(DNNL_ARG_SRC, Sample(src));
  backward_weights_.Set(DNNL_ARG_DIFF_DST, diff_dst);
  backward_weights_.Set(DNNL_ARG_DIFF_WEIGHTS, diff_weights_.data());
  if (geometry_.bias) backward_weights_.Set(DNNL_ARG_DIFF_BIAS, diff_bias_.data());
  backward_weights_.Run();
  gradient_reorder_.Set(DNNL_ARG_FROM, diff_weights_.data());
  gradient_reorder_.Set(DNNL_ARG_TO, weight_grad);
  gradient_reorder_.Run();
  if (bias_grad == nullptr) return;
  for (int c = 0; c < geometry_.dst.c; ++c) bias_grad[c] += diff_bias_[static_cast<size_t>(c)];
}

void AddBiasGradient(const float* dy, int64_t rows, int channels, float* grad) {
  // Partial sums of a fixed number of slices, added in order: the result does not depend on the number of threads.
  constexpr int64_t kSlices = 16;
  thread_local std::vector<float> partial;  // [slice, channel]
  partial.assign(static_cast<size_t>(kSlices * channels), 0.f);
  float* sums = partial.data();  // not the workers' own
#pragma omp parallel for schedule(static)
  for (int64_t slice = 0; slice < kSlices; ++slice) {
    float* sum = sums + slice * channels;
    for (int64_t r = rows * slice / kSlices; r < rows * (slice + 1) / kSlices; ++r) {
      const float* row = dy + r * channels;
      for (int c = 0; c < channels; ++c) sum[c] += row[c];
    }
  }
  for (int64_t slice = 0; slice < kSlices; ++slice) {
    for (int c = 0; c < channels; ++c) grad[c] += sums[slice * channels + c];
  }
}

void MaskByRelu(const float* y, float* dy, int64_t size, float leak) {
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) dy[i] = y[i] > 0 ? dy[i] : leak * dy[i];
}

}  // namespace aecomp
