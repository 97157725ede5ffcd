// relu, leaky_relu, sigmoid and tanh. Each derivative is computed from the output alone, so that forward may overwrite
// its input. relu and leaky_relu are plain loops, which memory bounds; the others take oneDNN's vectorised exponential.
#include <cmath>
#include <memory>

#include "model/base/onednn.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

constexpr int64_t kWorthThreads = 1 << 14;  // below this, waking the threads costs more than they save

/// dx[i] = dy[i] * derivative(y[i]).
template <class F>
void MultiplyByDerivative(const float* y, const float* dy, float* dx, int64_t size, F derivative) {
#pragma omp parallel for simd schedule(static) if (size > kWorthThreads)
  for (int64_t i = 0; i < size; ++i) dx[i] = dy[i] * derivative(y[i]);
}

/// relu is slope 0. The comparison is written so that a NaN passes: training must see it.
class LeakyRelu final : public Layer {
 public:
  LeakyRelu(const Shape& shape, float slope) : size_(shape.size()), slope_(slope) {}
  bool CanRunInPlace() const override { return true; }

  void Forward(const float* x, float* y) override {
    const float slope = slope_;
#pragma omp parallel for simd schedule(static) if (size_ > kWorthThreads)
    for (int64_t i = 0; i < size_; ++i) y[i] = x[i] < 0 ? slope * x[i] : x[i];
  }

  void Backward(const float* /*x*/, const float* y, float* dy, float* dx) override {
    if (dx == nullptr) return;
    const float slope = slope_;  // y > 0 exactly where x > 0, since the slope is not negative
    MultiplyByDerivative(y, dy, dx, size_, [slope](float v) { return v > 0 ? 1.f : slope; });
  }

 private:
  int64_t size_;
  float slope_;
};

/// sigmoid or tanh: smooth functions through oneDNN, with the derivative as a function of y.
class Smooth final : public Layer {
 public:
  Smooth(const Shape& shape, dnnl::algorithm algorithm)
      : size_(shape.size()), is_tanh_(algorithm == dnnl::algorithm::eltwise_tanh) {
    const auto desc = onednn::ActivationDesc(shape);
    const auto pd = onednn::EltwiseForward(algorithm, desc);
    forward_ = onednn::MakeOp<dnnl::eltwise_forward>(pd);
    forward_.Bind(DNNL_ARG_SRC, desc);
    forward_.Bind(DNNL_ARG_DST, desc);
  }
  bool CanRunInPlace() const override { return true; }

  void Forward(const float* x, float* y) override {
    forward_.Set(DNNL_ARG_SRC, x);
    forward_.Set(DNNL_ARG_DST, y);
    forward_.Run();
  }

  void Backward(const float* /*x*/, const float* y, float* dy, float* dx) override {
    if (dx == nullptr) return;
    if (is_tanh_) {
      MultiplyByDerivative(y, dy, dx, size_, [](float v) { return 1 - v * v; });
    } else {
      MultiplyByDerivative(y, dy, dx, size_, [](float v) { return v * (1 - v); });
    }
  }

 private:
  int64_t size_;
  bool is_tanh_;
  onednn::Op forward_;
};

Result<LayerInfo> InferWithoutOptions(const LayerSpec& spec, const Shape& input) {
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {}));
  return LayerInfo{input, {}, 0};
}

Result<float> Slope(const LayerSpec& spec) {
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"slope"}));
  AECOMP_ASSIGN_OR_RETURN(const double slope, NumberOption(spec, "slope", 0.01, 0, 1));
  return static_cast<float>(slope);
}

Result<LayerInfo> InferLeakyRelu(const LayerSpec& spec, const Shape& input) {
  AECOMP_RETURN_IF_ERROR(Slope(spec).status());
  return LayerInfo{input, {}, 0};
}

std::unique_ptr<Layer> CreateRelu(const LayerSpec&, const Shape& input, Parameters&, bool) {
  return std::make_unique<LeakyRelu>(input, 0.f);
}

std::unique_ptr<Layer> CreateLeakyRelu(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  return std::make_unique<LeakyRelu>(input, Slope(spec).value());
}

std::unique_ptr<Layer> CreateSigmoid(const LayerSpec&, const Shape& input, Parameters&, bool) {
  return std::make_unique<Smooth>(input, dnnl::algorithm::eltwise_logistic);
}

std::unique_ptr<Layer> CreateTanh(const LayerSpec&, const Shape& input, Parameters&, bool) {
  return std::make_unique<Smooth>(input, dnnl::algorithm::eltwise_tanh);
}

}  // namespace

LayerType ReluType() { return {"relu", InferWithoutOptions, CreateRelu}; }
LayerType LeakyReluType() { return {"leaky_relu", InferLeakyRelu, CreateLeakyRelu}; }
LayerType SigmoidType() { return {"sigmoid", InferWithoutOptions, CreateSigmoid}; }
LayerType TanhType() { return {"tanh", InferWithoutOptions, CreateTanh}; }

}  // namespace aecomp
