// compand: y = sign(x) * log(1 + scale * |x|). Latents span several hundred quantisation steps while most are near
// zero; after it, 8 bits hold them.
#include <cmath>
#include <memory>

#include "model/base/exact_math.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

class CompandLayer final : public Layer {
 public:
  CompandLayer(const Shape& shape, float scale) : size_(shape.size()), scale_(scale) {}
  bool CanRunInPlace() const override { return true; }

  void Forward(const float* x, float* y) override {
    const float scale = scale_;
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size_; ++i) y[i] = Compand(scale * x[i]);
  }

  void Backward(const float* /*x*/, const float* y, float* dy, float* dx) override {
    if (dx == nullptr) return;
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < size_; ++i) dx[i] = dy[i] * scale_ * std::exp(-std::fabs(y[i]));  // scale / (1 + scale*|x|)
  }

 private:
  int64_t size_;
  float scale_;
};

Result<float> Scale(const LayerSpec& spec) {
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"scale"}));
  AECOMP_ASSIGN_OR_RETURN(const double scale, NumberOption(spec, "scale", 1, 1e-3, 1e6));
  return static_cast<float>(scale);
}

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_RETURN_IF_ERROR(Scale(spec).status());
  return LayerInfo{input, {}, 0};
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  return std::make_unique<CompandLayer>(input, Scale(spec).value());
}

}  // namespace

LayerType CompandType() { return {"compand", Infer, Create}; }

}  // namespace aecomp
