#include "model/network/layers/options.h"
#include "model/network/reference/families.h"

namespace aecomp::reference {
namespace {

/// Fills moves->source by asking `source` for every element of the output.
template <class F>
void Fill(const Shape& output, Moves* moves, F source) {
  moves->output = output;
  moves->source.resize(static_cast<size_t>(output.size()));
  for (int n = 0; n < output.n; ++n)
    for (int c = 0; c < output.c; ++c)
      for (int h = 0; h < output.h; ++h)
        for (int w = 0; w < output.w; ++w) moves->source[At(output, n, c, h, w)] = source(n, c, h, w);
}

/// Elements keep their place in C, H, W order.
void Reshape(const Shape& in, const Shape& out, Moves* moves) {
  Fill(out, moves, [&](int n, int c, int h, int w) {
    const int flat = (c * out.h + h) * out.w + w;
    return At(in, n, flat / (in.h * in.w), flat / in.w % in.h, flat % in.w);
  });
}

void PixelShuffle(const Shape& in, int r, Moves* moves) {
  Fill({in.n, in.c / (r * r), in.h * r, in.w * r}, moves,
       [&](int n, int c, int h, int w) { return At(in, n, c * r * r + h % r * r + w % r, h / r, w / r); });
}

void PixelUnshuffle(const Shape& in, int r, Moves* moves) {
  Fill({in.n, in.c * r * r, in.h / r, in.w / r}, moves,
       [&](int n, int c, int h, int w) { return At(in, n, c / (r * r), h * r + c / r % r, w * r + c % r); });
}

/// The first of the largest.
void MaxPool(const Activation& x, const LayerSpec& spec, Moves* moves) {
  const int kernel = CheckedInteger(spec, "kernel", 0), stride = CheckedInteger(spec, "stride", kernel);
  const int padding = CheckedInteger(spec, "padding", 0);
  const Shape& in = x.shape;
  const auto size = [&](int length) { return (length + 2 * padding - kernel) / stride + 1; };
  Fill({in.n, in.c, size(in.h), size(in.w)}, moves, [&](int n, int c, int h, int w) {
    size_t best = x.data.size();
    for (int i = h * stride - padding; i < h * stride - padding + kernel; ++i)
      for (int j = w * stride - padding; j < w * stride - padding + kernel; ++j) {
        if (i < 0 || j < 0 || i >= in.h || j >= in.w) continue;
        const size_t at = At(in, n, c, i, j);
        if (best == x.data.size() || x.data[at] > x.data[best]) best = at;
      }
    return best;
  });
}

}  // namespace

bool DescribeMoves(const LayerSpec& spec, const Activation& x, Moves* moves) {
  const Shape& in = x.shape;
  if (spec.type == "flatten") return Reshape(in, {in.n, in.c * in.h * in.w, 1, 1}, moves), true;
  if (spec.type == "reshape") {
    const std::vector<int> s = CheckedIntegers(spec, "shape");
    return Reshape(in, {in.n, s.at(0), s.at(1), s.at(2)}, moves), true;
  }
  if (spec.type == "pixel_shuffle") return PixelShuffle(in, CheckedInteger(spec, "factor", 0), moves), true;
  if (spec.type == "pixel_unshuffle") return PixelUnshuffle(in, CheckedInteger(spec, "factor", 0), moves), true;
  if (spec.type == "max_pool2d") return MaxPool(x, spec, moves), true;
  return false;
}

}  // namespace aecomp::reference
