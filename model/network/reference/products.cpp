#include "model/network/layers/options.h"
#include "model/network/reference/families.h"

namespace aecomp::reference {
namespace {

struct Conv {
  int in, out, kernel, stride, padding, output_padding, groups;
};

Conv ReadConv(const LayerSpec& spec) {
  return {CheckedInteger(spec, "in", 0),      CheckedInteger(spec, "out", 0),
          CheckedInteger(spec, "kernel", 0),  CheckedInteger(spec, "stride", 1),
          CheckedInteger(spec, "padding", 0), CheckedInteger(spec, "output_padding", 0),
          CheckedInteger(spec, "groups", 1)};
}

/// Both convolutions visit pairs of a near position (the one whose grid the stride steps over) and a far one:
/// far = near*stride - padding + tap. conv2d: near is the output; conv_transpose2d: near is the input. In both the
/// weight is [channels of near, channels of far / groups, kernel, kernel].
template <class F>
void ForEachPair(const Conv& conv, const Shape& near, const Shape& far, F f) {
  const int near_group = near.c / conv.groups, far_group = far.c / conv.groups;
  for (int n = 0; n < near.n; ++n)
    for (int h = 0; h < near.h; ++h)
      for (int w = 0; w < near.w; ++w)
        for (int a = 0; a < conv.kernel; ++a)
          for (int b = 0; b < conv.kernel; ++b) {
            const int i = h * conv.stride - conv.padding + a, j = w * conv.stride - conv.padding + b;
            if (i < 0 || j < 0 || i >= far.h || j >= far.w) continue;
            for (int c = 0; c < near.c; ++c)
              for (int d = 0; d < far_group; ++d) {
                const size_t weight = ((static_cast<size_t>(c) * far_group + d) * conv.kernel + a) * conv.kernel + b;
                f(At(near, n, c, h, w), weight, At(far, n, c / near_group * far_group + d, i, j));
              }
          }
}

void DescribeConv(const Conv& conv, const Shape& input, Products* products) {
  const auto size = [&](int in) { return (in + 2 * conv.padding - conv.kernel) / conv.stride + 1; };
  const Shape output{input.n, conv.out, size(input.h), size(input.w)};
  products->output = output;
  products->for_each = [=](const auto& f) {
    ForEachPair(conv, output, input, [&](size_t near, size_t weight, size_t far) { f(far, weight, near); });
  };
}

void DescribeConvTranspose(const Conv& conv, const Shape& input, Products* products) {
  const auto size = [&](int in) {
    return (in - 1) * conv.stride - 2 * conv.padding + conv.kernel + conv.output_padding;
  };
  const Shape output{input.n, conv.out, size(input.h), size(input.w)};
  products->output = output;
  products->for_each = [=](const auto& f) { ForEachPair(conv, input, output, f); };
}

void DescribeLinear(int out, const Shape& input, Products* products) {
  const Shape output{input.n, out, 1, 1};
  products->output = output;
  products->for_each = [=](const auto& f) {
    for (int n = 0; n < input.n; ++n)
      for (int o = 0; o < out; ++o) {
        size_t weight = static_cast<size_t>(o) * input.c * input.h * input.w;
        for (int c = 0; c < input.c; ++c)
          for (int h = 0; h < input.h; ++h)
            for (int w = 0; w < input.w; ++w) f(At(input, n, c, h, w), weight++, At(output, n, o, 0, 0));
      }
  };
}

}  // namespace

bool DescribeProducts(const LayerSpec& spec, const Shape& input, Products* products) {
  if (spec.type == "conv2d") return DescribeConv(ReadConv(spec), input, products), true;
  if (spec.type == "conv_transpose2d") return DescribeConvTranspose(ReadConv(spec), input, products), true;
  if (spec.type == "linear") return DescribeLinear(CheckedInteger(spec, "out", 0), input, products), true;
  return false;
}

}  // namespace aecomp::reference
