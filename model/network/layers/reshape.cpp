// PyTorch's reshape of each image. Surprise: it is defined on C, H, W order but memory is H, W, C, so elements really
// move unless both shapes have one channel or one position: [H, W, C] -> [C, H, W] = [C', H', W'] -> [H', W', C'].
#include "model/network/layers/reshape.h"

#include <algorithm>
#include <cstring>

#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

/// [n, rows, columns] -> [n, columns, rows], in square blocks that stay in the cache.
void Transpose(const float* from, float* to, int64_t n, int64_t rows, int64_t columns) {
  constexpr int64_t kBlock = 32;
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
      const float* in = from + image * rows * columns;
      float* out = to + image * rows * columns;
      const int64_t r1 = std::min(rows, r0 + kBlock);
      for (int64_t c0 = 0; c0 < columns; c0 += kBlock) {
        const int64_t c1 = std::min(columns, c0 + kBlock);
        for (int64_t c = c0; c < c1; ++c)
          for (int64_t r = r0; r < r1; ++r) out[c * rows + r] = in[r * columns + c];
      }
    }
  }
}

int64_t Positions(const Shape& s) { return int64_t{s.h} * s.w; }

/// Whether H, W, C and C, H, W order are the same memory.
bool OrderIsFree(const Shape& s) { return s.c == 1 || Positions(s) == 1; }

class Reshape final : public Layer {
 public:
  Reshape(const Shape& from, const Shape& to) : from_(from), to_(to) {
    if (!OrderIsFree(from) && !OrderIsFree(to)) between_ = AlignedBuffer<float>(static_cast<size_t>(from.size()));
  }

  /// When nothing moves.
  bool CanRunInPlace() const override { return OrderIsFree(from_) && OrderIsFree(to_); }

  void Forward(const float* x, float* y) override { Move(from_, to_, x, y); }

  void Backward(const float* /*x*/, const float* /*y*/, float* dy, float* dx) override {
    if (dx != nullptr) Move(to_, from_, dy, dx);
  }

 private:
  void Move(const Shape& a, const Shape& b, const float* in, float* out) {
    const bool a_free = OrderIsFree(a), b_free = OrderIsFree(b);
    if (a_free && b_free) {
      if (in != out) std::memcpy(out, in, static_cast<size_t>(a.size()) * sizeof(float));
      return;
    }
    float* channels_first = b_free ? out : between_.data();
    if (!a_free) Transpose(in, channels_first, a.n, Positions(a), a.c);
    if (!b_free) Transpose(a_free ? in : channels_first, out, b.n, b.c, Positions(b));
  }

  Shape from_, to_;
  AlignedBuffer<float> between_;  // [N, C, H, W]
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  constexpr int kMost = 1 << 24;
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"shape"}));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int> s, IntListOption(spec, "shape", 3, 1, kMost, "[C, H, W]"));
  AECOMP_ASSIGN_OR_RETURN(const Shape output, CheckedShape(spec, input.n, s[0], s[1], s[2]));
  const int64_t came = input.size() / input.n, wanted = output.size() / output.n;
  if (came == wanted) return LayerInfo{output, {}, 0};
  std::string message = LayerLabel(spec) + ": " + output.ToString() + " has " + std::to_string(wanted) +
                        " elements, but " + std::to_string(came) + " came (" + Came(spec, input) + ") for each image";
  if (wanted % came == 0 || came % wanted == 0) message += "; a reshape may not change the batch";
  return UsageError(message + "; choose a \"shape\" of " + std::to_string(came) + " elements");
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  return MakeReshape(input, Infer(spec, input).value().output);
}

}  // namespace

std::unique_ptr<Layer> MakeReshape(const Shape& from, const Shape& to) { return std::make_unique<Reshape>(from, to); }

LayerType ReshapeType() { return {"reshape", Infer, Create}; }

}  // namespace aecomp
