#include "model/portable/blocks.h"

#include <algorithm>

namespace aecomp_portable {
namespace {

constexpr int kMostBlock = 256;
constexpr double kPi = 3.14159265358979323846;

std::vector<float> InverseLap(int block) {
  const int h = block / 2;
  std::vector<float> v(static_cast<size_t>(h) * static_cast<size_t>(h));
  for (int i = 0; i < h; ++i) {
    for (int j = 0; j < h; ++j) {
      double sum = 0;
      for (int k = 0; k < h; ++k) {
        const double first = std::cos(kPi * (2 * i + 1) * k / (2.0 * h)) * (k == 0 ? std::sqrt(0.5) : 1.0);
        sum += 2.0 / h * first * std::cos(kPi * (2 * j + 1) * (2 * k + 1) / (4.0 * h));
      }
      v[static_cast<size_t>((h - 1 - j) * h + h - 1 - i)] = static_cast<float>(std::rint(sum * 1048576) / 1048576);
    }
  }
  return v;
}

/// Mixes the samples on both sides of a border. before, after: those next to it, `size` lanes; the others lie `step`
/// away from each other. Few lanes at a time, so that their sums stay in registers.
PORTABLE_VECTORISED
void Mix(const float* v, int half, float* before, float* after, ptrdiff_t step, size_t size) {
  constexpr size_t kLanes = 16;
  float odd[kMostBlock / 2][kLanes];
  for (size_t at = 0; at < size; at += kLanes) {
    const size_t lanes = std::min(kLanes, size - at);
    for (int d = 0; d < half; ++d) {
      float *x = before + at - d * step, *y = after + at + d * step, *to = odd[d];
      for (size_t i = 0; i < lanes; ++i) {
        to[i] = 0.5f * (x[i] - y[i]);
        x[i] = y[i] = 0.5f * (x[i] + y[i]);
      }
      for (size_t i = lanes; i < kLanes; ++i) to[i] = 0;
    }
    for (int d = 0; d < half; ++d) {
      float mixed[kLanes] = {};
      for (int e = 0; e < half; ++e) {
        const float weight = v[d * half + e];
        for (size_t i = 0; i < kLanes; ++i) mixed[i] += weight * odd[e][i];
      }
      float *x = before + at - d * step, *y = after + at + d * step;
      for (size_t i = 0; i < lanes; ++i) x[i] += mixed[i], y[i] -= mixed[i];
    }
  }
}

PORTABLE_VECTORISED
void ToFloats(const int32_t* sums, size_t count, float unit, float* to) {
  for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(sums[i]) * unit;
}

}  // namespace

bool BlockPath::IsBlockPath(const Json& layers) {
  if (layers.items.empty() || layers.items.size() > 2) return false;
  const Json& blocks = layers.items[0];
  const int kernel = blocks.Whole("kernel", 0);
  const bool plain = blocks.Whole("padding", 0) == 0 && blocks.Whole("groups", 1) == 1 &&
                     blocks.Whole("output_padding", 0) == 0 && blocks.Whole("stride", 1) == kernel;
  if (blocks.Text("type") != "conv_transpose2d" || kernel < 1 || kernel > kMostBlock || !plain) return false;
  if (layers.items.size() == 1) return true;
  const Json &lap = layers.items[1], *inverse = lap.Find("inverse");
  return lap.Text("type") == "lap" && lap.Whole("block", 0) == kernel && kernel % 2 == 0 && inverse != nullptr &&
         inverse->number == 1;
}

Status BlockPath::Read(const Json& layers, const Weights& weights) {
  if (!IsBlockPath(layers)) return BadModel("its decoder has no path of blocks that integers can run");
  const Json& layer = layers.items[0];
  const std::string name = layer.Text("name");
  in_ = layer.Whole("in", 0), out_ = layer.Whole("out", 0), block_ = layer.Whole("kernel", 0);
  std::vector<float> w, bias(static_cast<size_t>(std::max(out_, 0)), 0.f);
  PORTABLE_TRY(weights.Floats(name + ".weight", {in_, out_, block_, block_}, &w));
  if (weights.Has(name + ".bias")) PORTABLE_TRY(weights.Floats(name + ".bias", {out_}, &bias));
  float most = 0;
  for (const float v : w) most = std::max(most, std::fabs(v));
  if (in_ < 1 || out_ < 1 || out_ > 16 || !(most < 64)) return BadModel("layer '" + name + "' has weights too large");
  int fraction = 15;
  while (std::ldexp(most, fraction) > 32767) --fraction;
  unit_ = std::ldexp(1.f, -10 - fraction);
  depth_ = (in_ + kDepthStep - 1) / kDepthStep * kDepthStep;
  const int area = block_ * block_, size = area * out_;
  outputs_ = (size + kOutputStep - 1) / kOutputStep * kOutputStep;
  weights_.assign(static_cast<size_t>(outputs_) * static_cast<size_t>(depth_), 0);
  bias_.assign(static_cast<size_t>(outputs_), 0);
  for (int n = 0; n < size; ++n) {
    const int c = n % out_, row = n / out_ % block_, column = n / out_ / block_;
    bias_[static_cast<size_t>(n)] = static_cast<int32_t>(std::rint(Limit(bias[static_cast<size_t>(c)], -8, 8) / unit_));
    for (int i = 0; i < in_; ++i) {
      const float v = w[static_cast<size_t>((int64_t{i} * out_ + c) * area + row * block_ + column)];
      weights_[static_cast<size_t>(int64_t{n} * depth_ + i)] = static_cast<int16_t>(std::rint(std::ldexp(v, fraction)));
    }
  }
  if (layers.items.size() == 2) lap_ = InverseLap(block_);
  return {};
}

/// blocks: [count, column, row, channel], of which `outputs_` numbers each are written.
void BlockPath::Blocks(const int16_t* latents, int count, float* blocks) const {
  constexpr int kStrip = 8;
  thread_local std::vector<int16_t> padded;
  thread_local std::vector<int32_t> sums;
  padded.assign(static_cast<size_t>(kStrip) * static_cast<size_t>(depth_), 0);
  sums.resize(static_cast<size_t>(kStrip) * static_cast<size_t>(outputs_));
  for (int j = 0; j < count; j += kStrip) {
    const int n = std::min(kStrip, count - j);
    for (int k = 0; k < n; ++k) std::copy_n(latents + int64_t{j + k} * in_, in_, padded.data() + int64_t{k} * depth_);
    Multiply(padded.data(), static_cast<size_t>(depth_), n, weights_.data(), bias_.data(), outputs_, depth_,
             sums.data());
    ToFloats(sums.data(), static_cast<size_t>(n) * static_cast<size_t>(outputs_), unit_,
             blocks + int64_t{j} * outputs_);
  }
}

void BlockPath::Run(const int16_t* latents, int count, float* pixels) const {
  thread_local std::vector<float> blocks;
  blocks.resize(static_cast<size_t>(count) * static_cast<size_t>(outputs_));
  Blocks(latents, count, blocks.data());
  const int column = block_ * out_;  // samples of a column of pixels of a block
  for (int j = 1; j < count && !lap_.empty(); ++j) {
    float* const after = blocks.data() + int64_t{j} * outputs_;
    float* const before = after - outputs_ + int64_t{block_ - 1} * column;
    Mix(lap_.data(), block_ / 2, before, after, column, static_cast<size_t>(column));
  }
  const int64_t line = int64_t{count} * column;
  for (int j = 0; j < count; ++j) {
    const float* from = blocks.data() + int64_t{j} * outputs_;
    for (int x = 0; x < block_; ++x) {
      float* to = pixels + (int64_t{j} * block_ + x) * out_;
      for (int y = 0; y < block_; ++y, to += line) {
        for (int c = 0; c < out_; ++c) to[c] = *from++;
      }
    }
  }
}

void BlockPath::MixRows(float* above, float* below, int count) const {
  if (lap_.empty()) return;
  const int64_t line = int64_t{count} * block_ * out_;
  Mix(lap_.data(), block_ / 2, above + (block_ - 1) * line, below, line, static_cast<size_t>(line));
}

}  // namespace aecomp_portable
