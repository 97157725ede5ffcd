#include "model/network/layers/conv_core.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "model/base/multiversion.h"
#include "model/network/layer.h"

namespace aecomp {

namespace {

/// bits: of values that were f32.
AECOMP_MULTIVERSION void RoundToUpperHalf(const uint32_t* bits, int64_t size, uint16_t* to) {
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t b = bits[i], rounded = b + 0x7fffu + ((b >> 16) & 1u);
    const bool nan = (b & 0x7fffffffu) > 0x7f800000u;  // whose carry could make it an infinity or a zero
    to[i] = static_cast<uint16_t>((nan ? b | 0x400000u : rounded) >> 16);
  }
}

/// Of the calling thread, kept for the next: what a pass reads, rounded.
uint16_t* RoundedFactor(int which, size_t size) {
  thread_local AlignedBuffer<uint16_t> buffers[2];
  if (buffers[which].size() < size) buffers[which] = AlignedBuffer<uint16_t>(size);
  return buffers[which].data();
}

}  // namespace

bool HasBfloat16() {
  // Their values have a bit for each extension that they include.
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

void ToBfloat16(const float* from, int64_t size, uint16_t* to) {
  constexpr int64_t kBlock = 4096;
#pragma omp parallel for schedule(static)
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    const int64_t count = std::min(kBlock, size - begin);
    uint32_t bits[kBlock];
    std::memcpy(bits, from + begin, static_cast<size_t>(count) * sizeof(float));
    RoundToUpperHalf(bits, count, to + begin);
  }
}

ConvCore::ConvCore(const ConvGeometry& geometry, bool fuse_relu, bool bfloat16)
    : geometry_(geometry), whole_src_(geometry.src), bfloat16_(bfloat16) {
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
  hint_ = onednn::ConvForward(Problem(Pass::kForward, geometry.bias), attr);
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

onednn::ConvProblem ConvCore::Problem(Pass pass, bool with_bias) const {
  const ConvGeometry& g = geometry_;
  onednn::ConvProblem p;
  const auto type = [&](Pass writer) { return bfloat16_ && pass != writer ? onednn::Type::bf16 : onednn::Type::f32; };
  p.src = onednn::ActivationDesc(g.src, type(Pass::kBackwardData));
  p.dst = onednn::ActivationDesc(g.dst, type(Pass::kForward));
  p.weights = dnnl::memory::desc(onednn::Dims(CanonicalDesc()), type(Pass::kBackwardWeights), onednn::Tag::any);
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

/// `which`: 0 or 1, for the two factors of one pass.
const void* ConvCore::Factor(const float* values, const Shape& shape, int which) const {
  if (!bfloat16_) return values;
  uint16_t* rounded = RoundedFactor(which, static_cast<size_t>(shape.size()));
  ToBfloat16(values, shape.size(), rounded);
  return rounded;
}

void ConvCore::BlockedWeights::Make(const dnnl::memory::desc& blocked) {
  desc = blocked;
  data = AlignedBuffer<uint8_t>(blocked.get_size());
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
  forward_weights_.Make(hint_.weights_desc());
}

void ConvCore::Forward(const float* src, const float* bias, float* dst) {
  if (!forward_) MakeForward();
  Refresh(forward_weights_);
  forward_.Set(DNNL_ARG_SRC, Factor(Sample(src), geometry_.src, 0));
  forward_.Set(DNNL_ARG_WEIGHTS, forward_weights_.data.data());
  forward_.Set(DNNL_ARG_DST, dst);
  if (geometry_.bias) forward_.Set(DNNL_ARG_BIAS, bias);
  forward_.Run();
}

void ConvCore::MakeBackwardData() {
  const auto pd = onednn::ConvBackwardData(Problem(Pass::kBackwardData, false), hint_);
  backward_data_ = onednn::MakeOp<dnnl::convolution_backward_data>(pd);
  backward_data_.Bind(DNNL_ARG_DIFF_SRC, pd.diff_src_desc());
  backward_data_.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc());
  backward_data_.Bind(DNNL_ARG_DIFF_DST, pd.diff_dst_desc());
  backward_weights_blocked_.Make(pd.weights_desc());
}

void ConvCore::BackwardData(const float* diff_dst, float* diff_src) {
  if (!backward_data_) MakeBackwardData();
  Refresh(backward_weights_blocked_);
  backward_data_.Set(DNNL_ARG_DIFF_DST, Factor(diff_dst, geometry_.dst, 0));
  backward_data_.Set(DNNL_ARG_WEIGHTS, backward_weights_blocked_.data.data());
  backward_data_.Set(DNNL_ARG_DIFF_SRC, spacing_ == 1 ? diff_src : sampled_.data());
  backward_data_.Run();
  if (spacing_ > 1) Spread(diff_src);
}

void ConvCore::MakeBackwardWeights() {
  const auto pd = onednn::ConvBackwardWeights(Problem(Pass::kBackwardWeights, geometry_.bias), hint_);
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
  backward_weights_.Set(DNNL_ARG_SRC, Factor(Sample(src), geometry_.src, 0));
  backward_weights_.Set(DNNL_ARG_DIFF_DST, Factor(diff_dst, geometry_.dst, 1));
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
