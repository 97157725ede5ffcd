// PyTorch's PixelShuffle and its inverse PixelUnshuffle: with r the factor,
// fine[c, h*r + i, w*r + j] = deep[c*r*r + i*r + j, h, w].
#include <memory>

#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

/// Calls f(index into deep, index into fine) for every element; fine is [N, H*r, W*r, C], deep [N, H, W, C*r*r].
template <class F>
void ForEachPair(const Shape& fine, int r, F f) {
  const int64_t columns = fine.w / r, channels = fine.c, area = int64_t{r} * r;
  const int64_t rows = int64_t{fine.n} * fine.h;
#pragma omp parallel for schedule(static)
  for (int64_t row = 0; row < rows; ++row) {  // of the fine image; row / r is one of the deep, since r divides fine.h
    const int64_t i = row % r;
    for (int64_t w = 0; w < columns; ++w) {
      const int64_t deep = (row / r * columns + w) * channels * area + i * r;
      const int64_t at = (row * columns + w) * r * channels;
      for (int64_t j = 0; j < r; ++j)
        for (int64_t c = 0; c < channels; ++c) f(deep + c * area + j, at + j * channels + c);
    }
  }
}

void DeepToFine(const float* deep, float* fine, const Shape& fine_shape, int r) {
  ForEachPair(fine_shape, r, [=](int64_t d, int64_t f) { fine[f] = deep[d]; });
}

void FineToDeep(const float* fine, float* deep, const Shape& fine_shape, int r) {
  ForEachPair(fine_shape, r, [=](int64_t d, int64_t f) { deep[d] = fine[f]; });
}

class PixelShuffle final : public Layer {
 public:
  PixelShuffle(const Shape& fine, int factor) : fine_(fine), factor_(factor) {}
  void Forward(const float* x, float* y) override { DeepToFine(x, y, fine_, factor_); }
  void Backward(const float* /*x*/, const float* /*y*/, float* dy, float* dx) override {
    if (dx != nullptr) FineToDeep(dy, dx, fine_, factor_);
  }

 private:
  Shape fine_;
  int factor_;
};

class PixelUnshuffle final : public Layer {
 public:
  PixelUnshuffle(const Shape& fine, int factor) : fine_(fine), factor_(factor) {}
  void Forward(const float* x, float* y) override { FineToDeep(x, y, fine_, factor_); }
  void Backward(const float* /*x*/, const float* /*y*/, float* dy, float* dx) override {
    if (dx != nullptr) DeepToFine(dy, dx, fine_, factor_);
  }

 private:
  Shape fine_;
  int factor_;
};

Result<int> Factor(const LayerSpec& spec) {
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"factor"}));
  return IntOption(spec, "factor", std::nullopt, 1, 256);
}

Result<LayerInfo> InferShuffle(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const int r, Factor(spec));
  if (input.c % (r * r) != 0) {
    return UsageError(LayerLabel(spec) + ": expects a multiple of " + std::to_string(r * r) + " channels (factor " +
                      std::to_string(r) + " squared), but " + std::to_string(input.c) + " came (" + Came(spec, input) +
                      "); change \"factor\" or " + ChangeChannels(spec, (input.c / (r * r) + 1) * r * r));
  }
  AECOMP_ASSIGN_OR_RETURN(const Shape output,
                          CheckedShape(spec, input.n, input.c / (r * r), int64_t{input.h} * r, int64_t{input.w} * r));
  return LayerInfo{output, {}, 0};
}

Result<LayerInfo> InferUnshuffle(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const int r, Factor(spec));
  if (input.h % r != 0 || input.w % r != 0) {
    return UsageError(LayerLabel(spec) + ": expects a height and width that are multiples of " + std::to_string(r) +
                      ", but " + std::to_string(input.h) + " and " + std::to_string(input.w) + " came (" +
                      Came(spec, input) + "); change \"factor\" or the input size");
  }
  AECOMP_ASSIGN_OR_RETURN(const Shape output,
                          CheckedShape(spec, input.n, int64_t{input.c} * r * r, input.h / r, input.w / r));
  return LayerInfo{output, {}, 0};
}

std::unique_ptr<Layer> CreateShuffle(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  return std::make_unique<PixelShuffle>(InferShuffle(spec, input).value().output, Factor(spec).value());
}

std::unique_ptr<Layer> CreateUnshuffle(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  return std::make_unique<PixelUnshuffle>(input, Factor(spec).value());
}

}  // namespace

LayerType PixelShuffleType() { return {"pixel_shuffle", InferShuffle, CreateShuffle}; }
LayerType PixelUnshuffleType() { return {"pixel_unshuffle", InferUnshuffle, CreateUnshuffle}; }

}  // namespace aecomp
