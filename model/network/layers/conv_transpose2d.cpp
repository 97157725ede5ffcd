// Transposed 2-D convolution (PyTorch's ConvTranspose2d): every input element adds its kernel, scaled, to the output at
// i*stride - padding. Two ways to run it:
// - as the backward-data pass of the convolution that maps its output to its input;
// - with few output channels (the last layer of a decoder) that pass leaves most of a vector register empty, so when
// the
//   stride divides the kernel it runs as an ordinary convolution with kernel/stride taps to out*stride*stride channels,
//   followed by depth-to-space: the same multiplications, several times the speed.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "model/network/layers/conv_core.h"
#include "model/network/layers/conv_options.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

class ConvTranspose2d : public Layer {
 public:
  ConvTranspose2d(const ConvOptions& options, const Shape& input, const Shape& output, Parameters& parameters,
                  const std::string& name)
      : options_(options),
        input_(input),
        output_(output),
        parameters_(parameters),
        weight_(parameters.FindOrAdd(name + ".weight", ConvWeightDims(options))),
        bias_(options.bias ? &parameters.FindOrAdd(name + ".bias", {options.out}) : nullptr) {}

  bool FuseRelu(float leak) override {
    leak_ = leak;
    return fuse_relu_ = true;
  }

 protected:
  bool WeightsChanged() {
    if (version_ == parameters_.version()) return false;
    version_ = parameters_.version();
    return true;
  }
  /// What both ways do first on the way back.
  void BackwardOutput(const float* y, float* dy) {
    if (fuse_relu_) MaskByRelu(y, dy, output_.size(), leak_);
    if (bias_ && !bias_->grad.empty()) AddBiasGradient(dy, output_.size() / output_.c, output_.c, bias_->grad.data());
  }
  /// The bias, or zeros, `times` times over.
  std::vector<float> BiasRow(int times) const {
    std::vector<float> row;
    for (int i = 0; i < times * output_.c; ++i)
      row.push_back(bias_ ? bias_->value[static_cast<size_t>(i % output_.c)] : 0.f);
    return row;
  }

  ConvOptions options_;
  Shape input_, output_;
  Parameters& parameters_;
  Parameter& weight_;
  Parameter* bias_;
  bool fuse_relu_ = false;
  float leak_ = 0;  // of the relu's gradient

 private:
  uint64_t version_ = 0;
};

class ByBackwardData final : public ConvTranspose2d {
 public:
  ByBackwardData(const ConvOptions& o, const Shape& input, const Shape& output, Parameters& parameters,
                 const std::string& name)
      : ConvTranspose2d(o, input, output, parameters, name), geometry_{output,    input,    o.kernel, o.stride,
                                                                       o.padding, o.groups, false} {}

  void UseBfloat16() override { bfloat16_ = HasManyChannels(options_); }

  void Forward(const float* x, float* y) override {
    if (!core_) core_ = std::make_unique<ConvCore>(geometry_, false, bfloat16_);
    if (WeightsChanged()) core_->SetWeights(weight_.value.data());
    core_->BackwardData(x, y);
    if (bias_ || fuse_relu_) AddBiasAndRelu(y);
  }

  void Backward(const float* x, const float* y, float* dy, float* dx) override {
    BackwardOutput(y, dy);
    if (!weight_.grad.empty()) core_->BackwardWeights(dy, x, weight_.grad.data(), nullptr);
    if (dx != nullptr) core_->Forward(dy, nullptr, dx);
  }

 private:
  void AddBiasAndRelu(float* y) const {
    const int64_t rows = output_.size() / output_.c;
    const std::vector<float> bias_row = BiasRow(1);
    const float* bias = bias_row.data();
    const float floor = fuse_relu_ ? 0.f : -3.4e38f;
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < rows; ++r) {
      float* row = y + r * output_.c;
      for (int c = 0; c < output_.c; ++c) row[c] = std::max(row[c] + bias[c], floor);
    }
  }

  ConvGeometry geometry_;  // of the convolution
  bool bfloat16_ = false;
  std::unique_ptr<ConvCore> core_;  // made at the first use, when it is known how it is to run
};

/// With P = p + padding = stride*a + r for output position p, and taps t: out = sum over t of x[a - t] * w[stride*t +
/// r]: a convolution with K = kernel/stride taps, padding K-1, over a grid of input + K-1 positions a.
class ByDepthToSpace final : public ConvTranspose2d {
 public:
  ByDepthToSpace(const ConvOptions& o, const Shape& input, const Shape& output, Parameters& parameters,
                 const std::string& name)
      : ConvTranspose2d(o, input, output, parameters, name),
        taps_(o.kernel / o.stride),
        grid_{input.n, o.out * o.stride * o.stride, input.h + taps_ - 1, input.w + taps_ - 1},
        core_({input, grid_, taps_, 1, taps_ - 1, 1, false}, false),
        deep_(static_cast<size_t>(grid_.size())),
        deep_weight_(weight_.value.size()),
        deep_weight_grad_(weight_.value.size()) {}

  void Forward(const float* x, float* y) override {
    if (WeightsChanged()) {
      ForEachWeight([&](size_t deep, size_t flat) { deep_weight_[deep] = weight_.value[flat]; });
      core_.SetWeights(deep_weight_.data());
    }
    core_.Forward(x, nullptr, deep_.data());
    const std::vector<float> bias_row = BiasRow(options_.stride);
    const float* bias = bias_row.data();
    const float floor = fuse_relu_ ? 0.f : -3.4e38f;
    ForEachRun([&](float* deep, int64_t flat, int length) {
      for (int i = 0; i < length; ++i) y[flat + i] = std::max(deep[i] + bias[i], floor);
    });
  }

  void Backward(const float* x, const float* y, float* dy, float* dx) override {
    BackwardOutput(y, dy);
    std::memset(deep_.data(), 0, deep_.size() * sizeof(float));  // what the crop removed has no gradient
    ForEachRun([&](float* deep, int64_t flat, int length) {
      std::memcpy(deep, dy + flat, static_cast<size_t>(length) * sizeof(float));
    });
    if (!weight_.grad.empty()) AddWeightGradient(x);
    if (dx != nullptr) core_.BackwardData(deep_.data(), dx);
  }

 private:
  /// From the gradient of the output in deep_.
  void AddWeightGradient(const float* x) {
    std::memset(deep_weight_grad_.data(), 0, deep_weight_grad_.size() * sizeof(float));
    core_.BackwardWeights(x, deep_.data(), deep_weight_grad_.data(), nullptr);
    ForEachWeight([&](size_t deep, size_t flat) { weight_.grad[flat] += deep_weight_grad_[deep]; });
  }

  /// Calls f(index into [s*s*out, in, K, K], index into [in, out, kernel, kernel]). Deep channel: (row, column, out).
  template <class F>
  void ForEachWeight(F f) const {
    const int s = options_.stride, k = options_.kernel, in = options_.in, out = options_.out;
    size_t deep = 0;
    for (int r = 0; r < s; ++r)
      for (int c = 0; c < s; ++c)
        for (int o = 0; o < out; ++o)
          for (int i = 0; i < in; ++i)
            for (int a = 0; a < taps_; ++a)
              for (int b = 0; b < taps_; ++b) {
                const int row = s * (taps_ - 1 - a) + r, column = s * (taps_ - 1 - b) + c;
                f(deep++, ((static_cast<size_t>(i) * out + o) * k + row) * k + column);
              }
  }

  /// Calls f(pointer into deep_, index into the output, length) for every run of the output that is contiguous in both:
  /// up to stride pixels of one row.
  template <class F>
  void ForEachRun(F f) {
    const int s = options_.stride, c = output_.c;
#pragma omp parallel for collapse(2) schedule(static)
    for (int n = 0; n < output_.n; ++n) {
      for (int y = 0; y < output_.h; ++y) {
        const int gy = (y + options_.padding) / s, r = (y + options_.padding) % s;
        for (int gx = 0; gx < grid_.w; ++gx) {
          const int begin = std::max(0, gx * s - options_.padding);
          const int end = std::min(output_.w, (gx + 1) * s - options_.padding);
          if (begin >= end) continue;
          const int skipped = begin - (gx * s - options_.padding);
          float* deep = deep_.data() + ((int64_t{n} * grid_.h + gy) * grid_.w + gx) * grid_.c + (r * s + skipped) * c;
          f(deep, ((int64_t{n} * output_.h + y) * output_.w + begin) * c, (end - begin) * c);
        }
      }
    }
  }

  int taps_;
  Shape grid_;  // of the convolution's output
  ConvCore core_;
  AlignedBuffer<float> deep_;                            // [N, H + K-1, W + K-1, s*s*out]
  AlignedBuffer<float> deep_weight_, deep_weight_grad_;  // [s*s*out, in, K, K]
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(spec, /*transposed=*/true));
  AECOMP_RETURN_IF_ERROR(CheckConvInput(spec, o, input));
  const auto size = [&](int64_t in) { return (in - 1) * o.stride - 2 * o.padding + o.kernel + o.output_padding; };
  if (size(input.h) < 1 || size(input.w) < 1) {
    return UsageError(LayerLabel(spec) + ": padding " + std::to_string(o.padding) +
                      " leaves nothing of its output from " + Came(spec, input) +
                      "; use less padding or a larger kernel");
  }
  LayerInfo info;
  AECOMP_ASSIGN_OR_RETURN(info.output, CheckedShape(spec, input.n, o.out, size(input.h), size(input.w)));
  AddConvParameters(spec, o, info);
  info.macs = SaturatingProduct({input.size(), o.out / o.groups, o.kernel, o.kernel});
  return info;
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters& parameters, bool /*training*/) {
  const ConvOptions o = ReadConvOptions(spec, true).value();
  const Shape output = Infer(spec, input).value().output;
  const bool few_channels = o.out <= 4 && o.stride > 1 && o.groups == 1;
  if (few_channels && o.kernel % o.stride == 0 && o.output_padding == 0 && o.padding < o.kernel) {
    return std::make_unique<ByDepthToSpace>(o, input, output, parameters, spec.name);
  }
  return std::make_unique<ByBackwardData>(o, input, output, parameters, spec.name);
}

}  // namespace

LayerType ConvTranspose2dType() { return {"conv_transpose2d", Infer, Create}; }

}  // namespace aecomp
