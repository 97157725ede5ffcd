// Fully connected layer (PyTorch's Linear after Flatten): y[o] = bias[o] + sum over i of weight[o, i] * x[i], where i
// runs over the input in C, H, W order. The activations are channels-last; oneDNN is told so and permutes the weights
// once instead of the activations at every call.
#include <memory>

#include "model/base/onednn.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

struct LinearOptions {
  int in = 0, out = 0;
  bool bias = true;
};

Result<LinearOptions> ReadOptions(const LayerSpec& spec) {
  constexpr int kMost = 1 << 24;
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"in", "out", "bias"}));
  LinearOptions o;
  AECOMP_ASSIGN_OR_RETURN(o.in, IntOption(spec, "in", std::nullopt, 1, kMost));
  AECOMP_ASSIGN_OR_RETURN(o.out, IntOption(spec, "out", std::nullopt, 1, kMost));
  AECOMP_ASSIGN_OR_RETURN(o.bias, BoolOption(spec, "bias", true));
  return o;
}

class Linear final : public Layer {
 public:
  Linear(const LinearOptions& o, const Shape& input, Parameters& parameters, const std::string& name, bool training)
      : parameters_(parameters),
        weight_(parameters.FindOrAdd(name + ".weight", {o.out, o.in})),
        bias_(o.bias ? &parameters.FindOrAdd(name + ".bias", {o.out}) : nullptr),
        canonical_({o.out, input.c, input.h, input.w}, onednn::Type::f32, onednn::Tag::nchw) {
    problem_.src = onednn::ActivationDesc(input);
    problem_.weights = dnnl::memory::desc(onednn::Dims(canonical_), onednn::Type::f32, onednn::Tag::any);
    problem_.dst = dnnl::memory::desc({input.n, o.out}, onednn::Type::f32, onednn::Tag::nc);
    if (o.bias) problem_.bias = dnnl::memory::desc({o.out}, onednn::Type::f32, onednn::Tag::x);
    const auto pd = onednn::InnerProductForward(problem_);
    MakeForward(pd);
    if (training) MakeBackwardData(pd), MakeBackwardWeights(pd);
  }

  void Forward(const float* x, float* y) override {
    Refresh(forward_weights_);
    forward_.Set(DNNL_ARG_SRC, x);
    forward_.Set(DNNL_ARG_WEIGHTS, forward_weights_.data.data());
    forward_.Set(DNNL_ARG_DST, y);
    if (bias_) forward_.Set(DNNL_ARG_BIAS, bias_->value.data());
    forward_.Run();
  }

  void Backward(const float* x, const float* /*y*/, float* dy, float* dx) override {
    if (!weight_.grad.empty()) BackwardWeights(x, dy);
    if (dx == nullptr) return;
    Refresh(backward_weights_);
    backward_data_.Set(DNNL_ARG_DIFF_DST, dy);
    backward_data_.Set(DNNL_ARG_WEIGHTS, backward_weights_.data.data());
    backward_data_.Set(DNNL_ARG_DIFF_SRC, dx);
    backward_data_.Run();
  }

 private:
  /// A copy of the weights in the layout that a primitive asked for.
  struct Blocked {
    dnnl::memory::desc desc;
    AlignedBuffer<float> data;
    uint64_t version = 0;
  };

  static Blocked MakeBlocked(const dnnl::memory::desc& desc) {
    return {desc, AlignedBuffer<float>((desc.get_size() + sizeof(float) - 1) / sizeof(float)), 0};
  }

  void Refresh(Blocked& blocked) {
    if (blocked.version == parameters_.version()) return;
    onednn::Reorder(canonical_, weight_.value.data(), blocked.desc, blocked.data.data());
    blocked.version = parameters_.version();
  }

  void MakeForward(const dnnl::inner_product_forward::primitive_desc& pd) {
    forward_ = onednn::MakeOp<dnnl::inner_product_forward>(pd);
    forward_.Bind(DNNL_ARG_SRC, pd.src_desc());
    forward_.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc());
    forward_.Bind(DNNL_ARG_DST, pd.dst_desc());
    if (bias_) forward_.Bind(DNNL_ARG_BIAS, pd.bias_desc());
    forward_weights_ = MakeBlocked(pd.weights_desc());
  }

  void MakeBackwardData(const dnnl::inner_product_forward::primitive_desc& hint) {
    const auto pd = onednn::InnerProductBackwardData(problem_, hint);
    backward_data_ = onednn::MakeOp<dnnl::inner_product_backward_data>(pd);
    backward_data_.Bind(DNNL_ARG_DIFF_SRC, pd.diff_src_desc());
    backward_data_.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc());
    backward_data_.Bind(DNNL_ARG_DIFF_DST, pd.diff_dst_desc());
    backward_weights_ = MakeBlocked(pd.weights_desc());
  }

  void MakeBackwardWeights(const dnnl::inner_product_forward::primitive_desc& hint) {
    const auto pd = onednn::InnerProductBackwardWeights(problem_, hint);
    weight_gradient_ = onednn::MakeOp<dnnl::inner_product_backward_weights>(pd);
    weight_gradient_.Bind(DNNL_ARG_SRC, pd.src_desc());
    weight_gradient_.Bind(DNNL_ARG_DIFF_DST, pd.diff_dst_desc());
    weight_gradient_.Bind(DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc());
    diff_weights_ = MakeBlocked(pd.diff_weights_desc());
    if (bias_) {
      weight_gradient_.Bind(DNNL_ARG_DIFF_BIAS, pd.diff_bias_desc());
      diff_bias_ = MakeBlocked(pd.diff_bias_desc());
    }
    add_weight_gradient_ = onednn::AddingReorder(pd.diff_weights_desc(), canonical_);
  }

  void BackwardWeights(const float* x, const float* dy) {
    weight_gradient_.Set(DNNL_ARG_SRC, x);
    weight_gradient_.Set(DNNL_ARG_DIFF_DST, dy);
    weight_gradient_.Set(DNNL_ARG_DIFF_WEIGHTS, diff_weights_.data.data());
    if (bias_) weight_gradient_.Set(DNNL_ARG_DIFF_BIAS, diff_bias_.data.data());
    weight_gradient_.Run();
    add_weight_gradient_.Set(DNNL_ARG_FROM, diff_weights_.data.data());
    add_weight_gradient_.Set(DNNL_ARG_TO, weight_.grad.data());
    add_weight_gradient_.Run();
    if (!bias_) return;
    for (size_t o = 0; o < bias_->grad.size(); ++o) bias_->grad[o] += diff_bias_.data[o];
  }

  Parameters& parameters_;
  Parameter& weight_;  // [out, C*H*W]
  Parameter* bias_;    // [out]
  dnnl::memory::desc canonical_;
  onednn::InnerProductProblem problem_;
  onednn::Op forward_, backward_data_, weight_gradient_, add_weight_gradient_;
  Blocked forward_weights_, backward_weights_, diff_weights_, diff_bias_;
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const LinearOptions o, ReadOptions(spec));
  const int64_t came = int64_t{input.c} * input.h * input.w;
  if (came != o.in) {
    const std::string count = std::to_string(came);
    return UsageError(LayerLabel(spec) + ": expects " + std::to_string(o.in) + " inputs, but " + count + " came (" +
                      Came(spec, input) + "); set \"in\" to " + count + " or change the input size");
  }
  LayerInfo info;
  AECOMP_ASSIGN_OR_RETURN(info.output, CheckedShape(spec, input.n, o.out, 1, 1));
  info.parameters.push_back({spec.name + ".weight", {o.out, o.in}});
  if (o.bias) info.parameters.push_back({spec.name + ".bias", {o.out}});
  info.macs = SaturatingProduct({input.n, o.in, o.out});
  return info;
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters& parameters, bool training) {
  return std::make_unique<Linear>(ReadOptions(spec).value(), input, parameters, spec.name, training);
}

}  // namespace

LayerType LinearType() { return {"linear", Infer, Create}; }

}  // namespace aecomp
