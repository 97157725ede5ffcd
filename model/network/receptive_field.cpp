#include "model/network/receptive_field.h"

#include <algorithm>

#include "model/network/layers/conv_options.h"
#include "model/network/layers/options.h"

namespace aecomp {
namespace {

int64_t FloorDivide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
int64_t CeilDivide(int64_t a, int64_t b) { return -FloorDivide(-a, b); }

/// A window of `kernel` every `stride`: convolution and pooling.
Interval Gathered(const Interval& out, int64_t kernel, int64_t stride, int64_t padding) {
  return {out.first * stride - padding, out.last * stride - padding + kernel - 1};
}

std::optional<Interval> OfPooling(const LayerSpec& spec, const Interval& out) {
  const int kernel = CheckedInteger(spec, "kernel", 0);
  if (kernel < 1) return std::nullopt;
  return Gathered(out, kernel, CheckedInteger(spec, "stride", kernel), CheckedInteger(spec, "padding", 0));
}

std::optional<Interval> OfShuffle(const LayerSpec& spec, const Interval& out) {
  const int64_t factor = CheckedInteger(spec, "factor", 0);
  if (factor < 1) return std::nullopt;
  if (spec.type == "pixel_unshuffle") return Interval{out.first * factor, out.last * factor + factor - 1};
  return Interval{FloorDivide(out.first, factor), FloorDivide(out.last, factor)};
}

std::optional<Interval> OfSum(const LayerSpec& spec, const Interval& out) {
  const auto branches = SumBranches(spec);
  if (!branches.ok()) return std::nullopt;
  Interval all = out;
  bool first = true;
  for (const Network& branch : branches.value()) {
    const auto one = ReceptiveField(branch, out);
    if (!one) return std::nullopt;
    all = first ? *one : Interval{std::min(all.first, one->first), std::max(all.last, one->last)};
    first = false;
  }
  return all;
}

std::optional<Interval> OfLayer(const LayerSpec& spec, const Interval& out) {
  const std::string& type = spec.type;
  if (type == "sum") return OfSum(spec, out);
  if (type == "conv2d" || type == "conv_transpose2d") {
    const auto options = ReadConvOptions(spec, type == "conv_transpose2d");
    if (!options.ok()) return std::nullopt;
    const ConvOptions& o = options.value();
    if (!o.transposed) return Gathered(out, o.kernel, o.stride, o.padding);
    return Interval{CeilDivide(out.first + o.padding - o.kernel + 1, o.stride),
                    FloorDivide(out.last + o.padding, o.stride)};
  }
  if (type.ends_with("_pool2d")) return OfPooling(spec, out);
  if (type == "pixel_shuffle" || type == "pixel_unshuffle") return OfShuffle(spec, out);
  if (type == "lap") {
    const int block = CheckedInteger(spec, "block", 0);
    if (block < 1) return std::nullopt;
    return Interval{out.first - (block - 1), out.last + block - 1};  // at most
  }
  if (type == "linear" || type == "flatten" || type == "reshape") return std::nullopt;
  return out;  // elementwise
}

/// In elements of y, rounded up.
int Halo(int64_t pixels_before, int64_t pixels_after, int stride) {
  const int64_t most = std::max<int64_t>({pixels_before, pixels_after, 0});
  return static_cast<int>(std::min<int64_t>(CeilDivide(most, stride), 1 << 20));
}

}  // namespace

std::optional<Interval> ReceptiveField(const Network& network, const Interval& output) {
  constexpr int64_t kMost = int64_t{1} << 40;  // strides of a hostile file must not overflow
  Interval field = output;
  for (auto spec = network.rbegin(); spec != network.rend(); ++spec) {
    const auto before = OfLayer(*spec, field);
    if (!before) return std::nullopt;
    field = *before;
    if (std::max(-field.first, field.last) > kMost) return std::nullopt;
  }
  return field;
}

std::optional<int> EncoderHalo(const Architecture& a) {
  const auto pixels = ReceptiveField(a.encoder, {0, 0});
  if (!pixels) return std::nullopt;
  return Halo(-pixels->first, pixels->last - (a.latent_stride - 1), a.latent_stride);
}

std::optional<int> DecoderHalo(const Architecture& a) {
  const auto elements = ReceptiveField(a.decoder, {0, a.latent_stride - 1});
  if (!elements) return std::nullopt;
  return Halo(-elements->first, elements->last, 1);
}

}  // namespace aecomp
