#include "model/network/layers/pool_options.h"

#include <algorithm>

#include "model/network/layers/options.h"

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

}  // namespace

Result<LayerInfo> InferPool(const LayerSpec& spec, const Shape& input) {
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

onednn::PoolingProblem PoolProblem(const LayerSpec& spec, const Shape& input) {
  const PoolOptions o = ReadOptions(spec).value();
  const Shape output = InferPool(spec, input).value().output;
  const auto padding_high = [&](int in, int out) {
    return dnnl::memory::dim{(out - 1) * o.stride + o.kernel - in - o.padding};
  };
  onednn::PoolingProblem p;
  p.src = onednn::ActivationDesc(input), p.dst = onednn::ActivationDesc(output);
  p.strides = {o.stride, o.stride}, p.kernel = {o.kernel, o.kernel}, p.padding_low = {o.padding, o.padding};
  p.padding_high = {padding_high(input.h, output.h), padding_high(input.w, output.w)};
  return p;
}

}  // namespace aecomp
