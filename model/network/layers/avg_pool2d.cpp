// 2-D average pooling (PyTorch's AvgPool2d, ceil_mode false, count_include_pad true): the sum over a window, in which
// padding counts as zeros, divided by kernel*kernel.
#include <memory>

#include "model/network/layers/pool_options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

class AvgPool2d final : public Layer {
 public:
  AvgPool2d(const onednn::PoolingProblem& problem, bool training) {
    constexpr auto kAverage = dnnl::algorithm::pooling_avg_include_padding;
    const auto pd = onednn::PoolingForward(problem, kAverage, training);
    forward_ = onednn::MakeOp<dnnl::pooling_forward>(pd);
    forward_.Bind(DNNL_ARG_SRC, problem.src);
    forward_.Bind(DNNL_ARG_DST, problem.dst);
    if (!training) return;
    const auto backward = onednn::PoolingBackward(problem, kAverage, pd);
    backward_ = onednn::MakeOp<dnnl::pooling_backward>(backward);
    backward_.Bind(DNNL_ARG_DIFF_SRC, problem.src);
    backward_.Bind(DNNL_ARG_DIFF_DST, problem.dst);
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
};

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool training) {
  return std::make_unique<AvgPool2d>(PoolProblem(spec, input), training);
}

}  // namespace

LayerType AvgPool2dType() { return {"avg_pool2d", InferPool, Create}; }

}  // namespace aecomp
