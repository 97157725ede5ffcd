#include "model/integer/block_analysis.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "io/first_exception.h"
#include "model/base/multiversion.h"
#include "model/integer/integer_eligibility.h"
#include "model/integer/pair_product.h"
#include "model/network/layers/conv_options.h"

namespace aecomp {
namespace {

constexpr int kPixelFraction = 11;  // of the pixels' int16: an eighth of what 8 bits tell apart, up to +-16
constexpr int kMostFraction = 15;

constexpr const char* kSo = "this path cannot be run as blocks of integers";

AECOMP_MULTIVERSION
void ToIntegers(const float* x, int64_t count, int16_t* to) {
  constexpr float kScale = 1 << kPixelFraction;
  for (int64_t i = 0; i < count; ++i) {
    const float v = x[i] * kScale;
    const float low = v > -32767.f ? v : -32767.f;
    to[i] = static_cast<int16_t>(static_cast<int32_t>((low < 32767.f ? low : 32767.f) + (v < 0 ? -0.5f : 0.5f)));
  }
}

AECOMP_MULTIVERSION
void ToFloats(const int32_t* sums, int count, float unit, float* y) {
  for (int c = 0; c < count; ++c) y[c] = static_cast<float>(sums[c]) * unit;
}

}  // namespace

Status BlockAnalysis::Check(const Network& network) {
  if (network.empty() || network.size() > 2 || network.back().type != "conv2d") {
    return ModelError("a path that is no block transform cannot be run as blocks of integers");
  }
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(network.back(), /*transposed=*/false));
  if (o.kernel != o.stride || o.padding != 0 || o.groups != 1 || o.kernel % 2 != 0) {
    return Unsuitable(network.back(), "its blocks overlap, are padded or are of odd size", kSo);
  }
  if (network.size() == 1) return {};
  if (network[0].type != "lap") return Unsuitable(network[0], "it is no lap", kSo);
  AECOMP_ASSIGN_OR_RETURN(const LapOptions lap, ReadLapOptions(network[0]));
  if (lap.inverse || lap.block != o.kernel) return Unsuitable(network[0], "it is no lap of the block after it", kSo);
  return {};
}

Result<BlockAnalysis> BlockAnalysis::Create(const Network& network, const Parameters& parameters) {
  AECOMP_RETURN_IF_ERROR(Check(network));
  const LayerSpec& conv = network.back();
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(conv, /*transposed=*/false));
  const Parameter *weight = parameters.Find(conv.name + ".weight"), *bias = parameters.Find(conv.name + ".bias");
  const int area = o.kernel * o.kernel, size = area * o.in;
  if (weight == nullptr || weight->size() != int64_t{o.out} * size) {
    return ModelError("layer '" + conv.name + "' has no weights to quantise");
  }
  float most = 0, longest = 0;
  for (int c = 0; c < o.out; ++c) {
    float square = 0;
    for (int k = 0; k < size; ++k) {
      const float w = weight->value[static_cast<size_t>(int64_t{c} * size + k)];
      most = std::max(most, std::fabs(w)), square += w * w;
    }
    longest = std::max(longest, std::sqrt(square));
  }
  // Sums are modulo 2^32, so only the result must fit: at most the length of the basis function times that of the
  // block, of which a lap at most doubles the sqrt(size) / 2 that pixels can have.
  const float bound = longest * std::sqrt(static_cast<float>(size));
  int fraction = kMostFraction;
  while (fraction > 0 &&
         (std::ldexp(most, fraction) > 32767.f || std::ldexp(bound, fraction + kPixelFraction) >= 0x1p31f))
    --fraction;
  if (!(bound < 0x1p17f)) return Unsuitable(conv, "its weights are too large", kSo);

  BlockAnalysis b;
  b.in_ = o.in, b.out_ = o.out, b.block_ = o.kernel, b.lap_ = network.size() == 2;
  if (b.lap_) b.filter_ = LapFilter(o.kernel, /*inverse=*/false);
  b.unit_ = std::ldexp(1.f, -fraction - kPixelFraction);
  b.padded_ = (o.out + kPairLanes - 1) / kPairLanes * kPairLanes;
  b.weights_.resize(static_cast<size_t>(size / 2) * static_cast<size_t>(b.padded_));
  b.bias_.resize(static_cast<size_t>(b.padded_));
  const float scale = std::ldexp(1.f, fraction);
  for (int c = 0; c < o.out; ++c) {
    const float* w = weight->value.data() + int64_t{c} * size;  // [in, block, block]
    if (bias != nullptr) {
      const float most_bias = 0x1p30f * b.unit_;
      const float v = std::clamp(bias->value[static_cast<size_t>(c)], -most_bias, most_bias);
      b.bias_[static_cast<size_t>(c)] = static_cast<int32_t>(std::nearbyint(v / b.unit_));
    }
    for (int k = 0; k < size; k += 2) {  // samples of a block lie as [block, block, in]
      const auto at = [&](int s) { return std::rint(w[s % o.in * area + s / o.in] * scale); };
      const auto even = static_cast<uint16_t>(static_cast<int16_t>(at(k)));
      const auto odd = static_cast<uint16_t>(static_cast<int16_t>(at(k + 1)));
      b.weights_[static_cast<size_t>(k / 2) * static_cast<size_t>(b.padded_) + static_cast<size_t>(c)] =
          static_cast<int32_t>(even | static_cast<uint32_t>(odd) << 16);
    }
  }
  return b;
}

struct BlockAnalysis::Scratch {
  std::vector<int16_t> rows;
  std::vector<int32_t> packed, sums;
};

/// One row of blocks, as mixed.
void BlockAnalysis::RunRow(const float* pixels, int w, int left, int right, Scratch& scratch, float* y) const {
  const auto multiply = PairProducts().front().run;
  const int line = block_ * in_, pairs = line / 2;  // of a row of a block
  const int columns = right - left;
  scratch.rows.resize(static_cast<size_t>(block_) * static_cast<size_t>(columns) * static_cast<size_t>(line));
  scratch.packed.resize(static_cast<size_t>(block_ * pairs * kPairRows));
  scratch.sums.resize(static_cast<size_t>(padded_) * kPairRows);
  for (int a = 0; a < block_; ++a) {
    ToIntegers(pixels + (int64_t{a} * w + left) * line, int64_t{columns} * line,
               scratch.rows.data() + int64_t{a} * columns * line);
  }
  for (int j = 0; j < columns; j += kPairRows) {
    const int count = std::min(kPairRows, columns - j);
    for (int a = 0; a < block_; ++a) {
      for (int r = 0; r < kPairRows; ++r) {
        const int16_t* from = scratch.rows.data() + (int64_t{a} * columns + std::min(j + r, columns - 1)) * line;
        int32_t* to = scratch.packed.data() + a * pairs * kPairRows + r;
        for (int p = 0; p < pairs; ++p) {
          to[p * kPairRows] = static_cast<int32_t>(static_cast<uint16_t>(from[2 * p]) |
                                                   static_cast<uint32_t>(static_cast<uint16_t>(from[2 * p + 1])) << 16);
        }
      }
    }
    multiply(scratch.packed.data(), block_ * pairs, weights_.data(), bias_.data(), padded_, scratch.sums.data());
    for (int r = 0; r < count; ++r) {
      ToFloats(scratch.sums.data() + int64_t{r} * padded_, out_, unit_, y + int64_t{j + r} * out_);
    }
  }
}

void BlockAnalysis::Run(const Load& load, int h, int w, const Area& area, float* y, int64_t row_stride) const {
  const int64_t row = int64_t{w} * block_ * in_;
  const auto run_share = [&] {
    // Every thread has some rows of blocks, and pixels of two of them at a time: these then stay in the cache.
    const int threads = omp_get_num_threads(), thread = omp_get_thread_num(), rows = area.bottom - area.top;
    const int begin = area.top + static_cast<int>(int64_t{rows} * thread / threads);
    const int end = area.top + static_cast<int>(int64_t{rows} * (thread + 1) / threads);
    std::array<AlignedBuffer<float>, 2> pixels;
    for (auto& buffer : pixels) buffer = AlignedBuffer<float>(static_cast<size_t>(row * block_));
    const auto of = [&](int i) { return pixels[static_cast<size_t>(i & 1)].data(); };
    const auto get = [&](int i) {
      load(i, of(i));
      if (lap_) filter_.MixWithinRows(of(i), block_, w * block_, in_);
    };
    Scratch scratch;
    if (lap_ && begin > 0 && begin < end) get(begin - 1);
    for (int i = begin - 1; begin < end && i < end; ++i) {
      // Row i is whole when it has been mixed with the next one.
      if (i + 1 < end || (lap_ && i + 1 < h)) {
        get(i + 1);
        if (lap_ && i >= 0) filter_.MixAcross(of(i), of(i + 1), row);
      }
      if (i >= begin) RunRow(of(i), w, area.left, area.right, scratch, y + (i - area.top) * row_stride);
    }
  };
  FirstException exception;
#pragma omp parallel
  exception.Guard(run_share);
  exception.Rethrow();
}

}  // namespace aecomp
