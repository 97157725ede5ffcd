// 2-D convolution (PyTorch's Conv2d): out[o, i, j] = bias[o] + sum of x[c, i*stride - padding + a, ...] * weight[o, c,
// a, b].
#include <algorithm>
#include <memory>

#include "model/network/layers/conv_core.h"
#include "model/network/layers/conv_options.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

class Conv2d final : public Layer {
 public:
  Conv2d(const ConvOptions& options, const Shape& input, const Shape& output, Parameters& parameters,
         const std::string& name)
      : geometry_{input, output, options.kernel, options.stride, options.padding, options.groups, options.bias},
        many_channels_(HasManyChannels(options)),
        parameters_(parameters),
        weight_(parameters.FindOrAdd(name + ".weight", ConvWeightDims(options))),
        bias_(options.bias ? &parameters.FindOrAdd(name + ".bias", {options.out}) : nullptr) {}

  bool FuseRelu(float leak) override {
    leak_ = leak;
    return fuse_relu_ = true;
  }

  void UseBfloat16() override { bfloat16_ = many_channels_; }

  void Forward(const float* x, float* y) override {
    if (!core_) core_ = std::make_unique<ConvCore>(geometry_, fuse_relu_, bfloat16_);
    if (version_ != parameters_.version()) core_->SetWeights(weight_.value.data()), version_ = parameters_.version();
    core_->Forward(x, bias_ ? bias_->value.data() : nullptr, y);
  }

  void Backward(const float* x, const float* y, float* dy, float* dx) override {
    if (fuse_relu_) MaskByRelu(y, dy, geometry_.dst.size(), leak_);
    if (!weight_.grad.empty()) core_->BackwardWeights(x, dy, weight_.grad.data(), bias_ ? bias_->grad.data() : nullptr);
    if (dx != nullptr) core_->BackwardData(dy, dx);
  }

 private:
  ConvGeometry geometry_;
  bool many_channels_;
  Parameters& parameters_;
  Parameter& weight_;
  Parameter* bias_;
  bool fuse_relu_ = false, bfloat16_ = false;
  float leak_ = 0;                  // of the relu's gradient
  std::unique_ptr<ConvCore> core_;  // made at the first use, when it is known how it is to run
  uint64_t version_ = 0;
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(spec, /*transposed=*/false));
  AECOMP_RETURN_IF_ERROR(CheckConvInput(spec, o, input));
  if (std::min(input.h, input.w) < o.kernel - 2 * o.padding) {
    return UsageError(LayerLabel(spec) + ": its kernel of " + std::to_string(o.kernel) +
                      " is larger than its padded input; " + Came(spec, input) + " came with padding " +
                      std::to_string(o.padding) + "; use a smaller kernel or more padding");
  }
  const auto size = [&](int64_t in) { return (in + 2 * o.padding - o.kernel) / o.stride + 1; };
  LayerInfo info;
  AECOMP_ASSIGN_OR_RETURN(info.output, CheckedShape(spec, input.n, o.out, size(input.h), size(input.w)));
  AddConvParameters(spec, o, info);
  info.macs = SaturatingProduct({info.output.size(), o.in / o.groups, o.kernel, o.kernel});
  return info;
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters& parameters, bool /*training*/) {
  const ConvOptions options = ReadConvOptions(spec, false).value();
  return std::make_unique<Conv2d>(options, input, Infer(spec, input).value().output, parameters, spec.name);
}

}  // namespace

LayerType Conv2dType() { return {"conv2d", Infer, Create}; }

}  // namespace aecomp
