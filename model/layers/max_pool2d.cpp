// 2-D max pooling (PyTorch's MaxPool2d, ceil_mode false). Padding counts as minus infinity; of equal values in a window
// the first gets the gradient. For training oneDNN remembers in a workspace where each maximum was.
#include <algorithm>
#include <memory>

#include "model/layers/options.h"
#include "model/layers/registry.h"
#include "model/onednn.h"

namespace aecomp {
namespace {

struct PoolOptions {
  int kernel = 0, stride = 0, padding = 0;
};

Result<PoolOptions> ReadOptions(const LayerSpec& spec) {
  constexpr int kMost = 1024;
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"kernel", "stride", "padding"}));
  PoolOptions o;
  AECOMP_ASSIGN_OR_RETURN(o.kernel, IntOption(spec, "kernel", std::nullopt, 1, kMost));
  AECOMP_ASSIGN_OR_RETURN(o.stride, IntOption(spec, "stride", o.kernel, 1, kMost));
  AECOMP_ASSIGN_OR_RETURN(o.padding, IntOption(spec, "padding", 0, 0, kMost));
  if (2 * o.padding > o.kernel) {
    return UsageError(LayerLabel(spec) + ": \"padding\" " + std::to_string(o.padding) +
                      " is more than half its kernel of " + std::to_string(o.kernel) +
                      ", so that a window could see nothing but padding; use at most " + std::to_string(o.kernel / 2));
  }
  return o;
}

onednn::PoolingProblem Problem(const PoolOptions& o, const Shape& input, const Shape& output) {
  const auto padding_high = [&](int in, int out) {
    return dnnl::memory::dim{(out - 1) * o.stride + o.kernel - in - o.padding};
  };
  onednn::PoolingProblem p;
  p.src = onednn::ActivationDesc(input), p.dst = onednn::ActivationDesc(output);
  p.strides = {o.stride, o.stride}, p.kernel = {o.kernel, o.kernel}, p.padding_low = {o.padding, o.padding};
  p.padding_high = {padding_high(input.h, output.h), padding_high(input.w, output.w)};
  return p;
}

class MaxPool2d final : public Layer {
 public:
  MaxPool2d(const onednn::PoolingProblem& problem, bool training) {
    const auto pd = onednn::MaxPoolingForward(problem, training);
    forward_ = onednn::Op(dnnl::pooling_forward(pd), pd);
    forward_.Bind(DNNL_ARG_SRC, problem.src);
    forward_.Bind(DNNL_ARG_DST, problem.dst);
    if (!training) return;
    const auto backward = onednn::MaxPoolingBackward(problem, pd);
    workspace_ = AlignedBuffer<uint8_t>(pd.workspace_desc().get_size());
    forward_.Bind(DNNL_ARG_WORKSPACE, pd.workspace_desc());
    forward_.Set(DNNL_ARG_WORKSPACE, workspace_.data());
    backward_ = onednn::Op(dnnl::pooling_backward(backward), backward);
    backward_.Bind(DNNL_ARG_DIFF_SRC, problem.src);
    backward_.Bind(DNNL_ARG_DIFF_DST, problem.dst);
    backward_.Bind(DNNL_ARG_WORKSPACE, backward.workspace_desc());
    backward_.Set(DNNL_ARG_WORKSPACE, workspace_.data());
  }

  void Forward(const float* x, float* y) override {
    forward_.Set(DNNL_ARG_SRC, x);
    forward_.Set(DNNL_ARG_DST, y);
    forward_.Run();
  }

  void Backward(const float* /*x*/, const float* /*y*/, float* dy, float* dx) override {
    if (dx == nullptr) return;
    backward_.Set(DNNL_ARG_DIFF_DST, dy);
    backward_.Set(DNNL_ARG_DIFF_SRC, dx);
    backward_.Run();
  }

 private:
  onednn::Op forward_, backward_;
  AlignedBuffer<uint8_t> workspace_;  // position of each maximum in its window
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const PoolOptions o, ReadOptions(spec));
  if (std::min(input.h, input.w) < o.kernel - 2 * o.padding) {
    return UsageError(LayerLabel(spec) + ": its kernel of " + std::to_string(o.kernel) +
                      " is larger than its padded input; " + Came(spec, input) + " came with padding " +
                      std::to_string(o.padding) + "; use a smaller kernel or a larger input");
  }
  const auto size = [&](int in) { return (int64_t{in} + 2 * o.padding - o.kernel) / o.stride + 1; };
  AECOMP_ASSIGN_OR_RETURN(const Shape output, CheckedShape(spec, input.n, input.c, size(input.h), size(input.w)));
  return LayerInfo{output, {}, 0};
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool training) {
  const Shape output = Infer(spec, input).value().output;
  return std::make_unique<MaxPool2d>(Problem(ReadOptions(spec).value(), input, output), training);
}

}  // namespace

LayerType MaxPool2dType() { return {"max_pool2d", Infer, Create}; }

}  // namespace aecomp
