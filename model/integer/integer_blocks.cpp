#include "model/integer/integer_blocks.h"

#include <algorithm>
#include <cmath>

#include "io/first_exception.h"
#include "model/integer/integer_eligibility.h"
#include "model/integer/pair_product.h"
#include "model/network/layers/conv_options.h"

namespace aecomp {
namespace {

constexpr float kMostWeight = 32767;
constexpr int kMostFraction = 15;

uint32_t Pair(int16_t even, int16_t odd) {
  return static_cast<uint16_t>(even) | static_cast<uint32_t>(static_cast<uint16_t>(odd)) << 16;
}

constexpr const char* kSo = "this path cannot be run as blocks of integers";

}  // namespace

Status IntegerBlocks::Check(const Network& network) {
  if (network.empty() || network[0].type != "conv_transpose2d" || network.size() > 2) {
    return ModelError("a path that is no block transform cannot be run as blocks of integers");
  }
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(network[0], /*transposed=*/true));
  if (o.kernel != o.stride || o.padding != 0 || o.output_padding != 0 || o.groups != 1) {
    return Unsuitable(network[0], "its blocks overlap or are padded", kSo);
  }
  if (network.size() == 1) return {};
  AECOMP_ASSIGN_OR_RETURN(const LapOptions lap, ReadLapOptions(network[1]));
  if (network[1].type != "lap" || !lap.inverse || lap.block != o.kernel) {
    return Unsuitable(network[1], "it is no inverse lap of the block before it", kSo);
  }
  return {};
}

Result<IntegerBlocks> IntegerBlocks::Create(const Network& network, const Parameters& parameters) {
  AECOMP_RETURN_IF_ERROR(Check(network));
  AECOMP_ASSIGN_OR_RETURN(const ConvOptions o, ReadConvOptions(network[0], /*transposed=*/true));
  const std::string& name = network[0].name;
  const Parameter *weight = parameters.Find(name + ".weight"), *bias = parameters.Find(name + ".bias");
  if (weight == nullptr || weight->size() != int64_t{o.in} * o.out * o.kernel * o.kernel) {
    return ModelError("layer '" + name + "' has no weights to quantise");
  }
  float most = 0;
  for (float v : weight->value) most = std::max(most, std::fabs(v));
  if (!(most < 64)) return Unsuitable(network[0], "its weights reach " + std::to_string(most), kSo);
  int fraction = kMostFraction;
  while (std::ldexp(most, fraction) > kMostWeight) --fraction;

  IntegerBlocks b;
  b.in_ = o.in, b.out_ = o.out, b.block_ = o.kernel, b.lap_ = network.size() == 2;
  if (b.lap_) b.filter_ = LapFilter(o.kernel, /*inverse=*/true);
  b.unit_ = std::ldexp(kLatentUnit, -fraction);
  const int area = o.kernel * o.kernel, size = area * o.out, pairs = (o.in + 1) / 2;
  b.padded_ = (size + kPairLanes - 1) / kPairLanes * kPairLanes;
  b.weights_.resize(static_cast<size_t>(pairs) * static_cast<size_t>(b.padded_));
  b.bias_.resize(static_cast<size_t>(b.padded_));
  const float scale = std::ldexp(1.f, fraction);
  const auto quantised = [&](int i, int c, int at) -> int16_t {
    if (i >= o.in) return 0;
    const float w = weight->value[static_cast<size_t>((int64_t{i} * o.out + c) * area + at)];
    // Nearest even of what is at most kMostWeight, as vector code.
    return static_cast<int16_t>(static_cast<int32_t>((w * scale + 0x1.8p23f) - 0x1.8p23f));
  };
#pragma omp parallel for schedule(static)
  for (int p = 0; p < pairs; ++p) {
    int32_t* const row = b.weights_.data() + static_cast<size_t>(p) * static_cast<size_t>(b.padded_);
    for (int c = 0; c < o.out; ++c) {
      for (int at = 0; at < area; ++at) {
        row[at * o.out + c] = static_cast<int32_t>(Pair(quantised(2 * p, c, at), quantised(2 * p + 1, c, at)));
      }
    }
  }
  for (int column = 0; bias != nullptr && column < size; ++column) {
    const float v = std::clamp(bias->value[static_cast<size_t>(column % o.out)], -8.f, 8.f);
    b.bias_[static_cast<size_t>(column)] = static_cast<int32_t>(std::nearbyint(v / b.unit_));
  }
  return b;
}

void IntegerBlocks::Run(const int16_t* latents, int h, int w, int64_t row_stride, float* pixels, bool continued) const {
  const auto multiply = PairProducts().front().run;
  const int pairs = (in_ + 1) / 2;
  const int64_t line = int64_t{block_} * out_, row = line * w;  // values of a row of a block, of the picture
  const auto run_row = [&](int i, std::vector<int32_t>& packed, std::vector<int32_t>& sums) {
    for (int j = 0; j < w; j += kPairRows) {
      const int count = std::min(kPairRows, w - j);
      for (int r = 0; r < kPairRows; ++r) {
        const int16_t* from = latents + i * row_stride + int64_t{std::min(j + r, w - 1)} * in_;
        for (int p = 0; p < pairs; ++p) {
          packed[static_cast<size_t>(p * kPairRows + r)] =
              static_cast<int32_t>(Pair(from[2 * p], 2 * p + 1 < in_ ? from[2 * p + 1] : int16_t{0}));
        }
      }
      multiply(packed.data(), pairs, weights_.data(), bias_.data(), padded_, sums.data());
      for (int r = 0; r < count; ++r) {
        for (int a = 0; a < block_; ++a) {
          float* to = pixels + (int64_t{i} * block_ + a) * row + (j + r) * line;
          const int32_t* from = sums.data() + int64_t{r} * padded_ + a * line;
          for (int64_t k = 0; k < line; ++k) to[k] = static_cast<float>(from[k]) * unit_;
        }
      }
    }
    if (lap_) filter_.MixWithinRows(pixels + int64_t{i} * block_ * row, block_, w * block_, out_);
  };
  FirstException exception;
#pragma omp parallel
  {
    std::vector<int32_t> packed, sums;
    exception.Guard([&] {
      packed.resize(static_cast<size_t>(pairs) * kPairRows);
      sums.resize(static_cast<size_t>(padded_) * kPairRows);
    });
#pragma omp for schedule(static)
    for (int i = 0; i < h; ++i) exception.Guard([&] { run_row(i, packed, sums); });
    if (lap_) {
#pragma omp for schedule(static)
      for (int i = continued ? 0 : 1; i < h; ++i) {
        float* below = pixels + int64_t{i} * block_ * row;
        filter_.MixAcross(below - block_ * row, below, row);
      }
    }
  }
  exception.Rethrow();
}

std::vector<float> IntegerBlocks::BlockScalar(const int16_t* latent) const {
  std::vector<float> block;
  for (int k = 0; k < block_ * block_ * out_; ++k) {
    auto sum = static_cast<uint32_t>(bias_[static_cast<size_t>(k)]);
    for (int i = 0; i < in_; ++i) {
      const auto pair = static_cast<uint32_t>(weights_[static_cast<size_t>(i / 2 * padded_ + k)]);
      const auto w = static_cast<int16_t>(i % 2 == 0 ? pair & 0xFFFF : pair >> 16);
      sum += static_cast<uint32_t>(int32_t{w} * latent[i]);
    }
    block.push_back(static_cast<float>(static_cast<int32_t>(sum)) * unit_);
  }
  return block;
}

}  // namespace aecomp
