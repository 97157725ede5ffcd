// 2-D max pooling (PyTorch's MaxPool2d, ceil_mode false). Padding counts as minus infinity; of equal values in a window
// the first gets the gradient. For training oneDNN remembers in a workspace where each maximum was.
#include <memory>

#include "model/base/onednn.h"
#include "model/network/layers/pool_options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

class MaxPool2d final : public Layer {
 public:
  MaxPool2d(const onednn::PoolingProblem& problem, bool training) {
    const auto pd = onednn::PoolingForward(problem, dnnl::algorithm::pooling_max, training);
    forward_ = onednn::MakeOp<dnnl::pooling_forward>(pd);
    forward_.Bind(DNNL_ARG_SRC, problem.src);
    forward_.Bind(DNNL_ARG_DST, problem.dst);
    if (!training) return;
    const auto backward = onednn::PoolingBackward(problem, dnnl::algorithm::pooling_max, pd);
    workspace_ = AlignedBuffer<uint8_t>(pd.workspace_desc().get_size());
    forward_.Bind(DNNL_ARG_WORKSPACE, pd.workspace_desc());
    forward_.Set(DNNL_ARG_WORKSPACE, workspace_.data());
    backward_ = onednn::MakeOp<dnnl::pooling_backward>(backward);
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

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool training) {
  return std::make_unique<MaxPool2d>(PoolProblem(spec, input), training);
}

}  // namespace

LayerType MaxPool2dType() { return {"max_pool2d", InferPool, Create}; }

}  // namespace aecomp
