#include "model/network/layers/fake_quantise.h"

#include <algorithm>
#include <cmath>

#include "model/base/exact_math.h"

namespace aecomp {
namespace {

class FakeQuantiseLayer final : public Layer {
 public:
  FakeQuantiseLayer(const Shape& shape, bool relu) : size_(shape.size()), levels_(relu ? 255.f : 127.f) {}

  void Forward(const float* x, float* y) override {
    float most = 0;
#pragma omp parallel for simd schedule(static) reduction(max : most)
    for (int64_t i = 0; i < size_; ++i) most = std::max(most, std::fabs(x[i]));
    if (!std::isfinite(most)) {  // as it came, for those who look for the first layer that diverged
      std::copy_n(x, size_, y);
      return;
    }
    const float unit = static_cast<float>(kIntegerHeadroom) * std::max(most, 1e-6f) / levels_, steps = 1 / unit;
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size_; ++i) y[i] = std::rint(x[i] * steps) * unit;
  }

  void Backward(const float* /*x*/, const float* /*y*/, float* dy, float* dx) override {
    if (dx == nullptr) return;
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < size_; ++i) dx[i] = dy[i];
  }

 private:
  int64_t size_;
  float levels_;
};

}  // namespace

std::unique_ptr<Layer> MakeFakeQuantise(const Shape& shape, bool relu) {
  return std::make_unique<FakeQuantiseLayer>(shape, relu);
}

}  // namespace aecomp
