// lap: turns a block transform into a lapped one. Before an analysis of blocks the samples around a border of two
// blocks are mixed, and unmixed after the synthesis: basis functions then reach half a block into the neighbours and
// fade out there, which codes better and leaves no block edges. This is the pre- and post-filter of Tran, Liang and Tu,
// "Lapped transform via time-domain pre- and post-filtering" (IEEE Trans. Signal Process. 51(6), 2003), which makes a
// DCT the lapped orthogonal transform of Malvar and Staelin (1989): of the samples around a border the half that is
// even about it stays as it is, the odd half is multiplied with V = J C2' C4 J (C2, C4: DCTs of types II and IV, J:
// reversal). So constant signals pass unchanged, also where there is no neighbour.
#include "model/network/layers/lap.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "io/first_exception.h"
#include "model/base/multiversion.h"
#include "model/network/layers/options.h"
#include "model/network/layers/registry.h"

namespace aecomp {
namespace {

/// What libraries' cosines differ by must not change V: it is rounded to this many steps.
constexpr double kSteps = 1 << 20;

/// V [n, n], n = block / 2: rows and columns by the distance from the border. `inverse`: transposed.
std::vector<float> OddPartMatrix(int block, bool inverse) {
  const int n = block / 2;
  std::vector<float> v(static_cast<size_t>(n) * static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int k = 0; k < n; ++k) {
        const double dct2 = std::cos(M_PI * (2 * i + 1) * k / (2.0 * n)) * (k == 0 ? std::sqrt(0.5) : 1.0);
        const double dct4 = std::cos(M_PI * (2 * j + 1) * (2 * k + 1) / (4.0 * n));
        sum += 2.0 / n * dct2 * dct4;
      }
      const int row = n - 1 - i, column = n - 1 - j;
      v[static_cast<size_t>(inverse ? column * n + row : row * n + column)] =
          static_cast<float>(std::nearbyint(sum * kSteps) / kSteps);
    }
  }
  return v;
}

constexpr int kMostHalf = 128;      // of a block
constexpr int64_t kMixedRows = 32;  // of pixels, whose samples around a border are mixed together: RGB fills kColumns
constexpr int64_t kColumns = 96;    // that are mixed at a time: few enough for their sums to stay in registers

/// MixBorder for some columns.
__attribute__((always_inline)) inline void MixSome(const float* v, int half, float* above, float* below, int64_t stride,
                                                   int64_t columns) {
  float odd[kMostHalf * kColumns];
  for (int64_t d = 0; d < half; ++d) {
    float *before = above - d * stride, *after = below + d * stride, *difference = odd + d * kColumns;
#pragma omp simd
    for (int64_t i = 0; i < columns; ++i) {
      difference[i] = 0.5f * (before[i] - after[i]);
      before[i] = after[i] = 0.5f * (before[i] + after[i]);
    }
  }
  for (int64_t d = 0; d < half; ++d) {
    float mixed[kColumns] = {};
    for (int64_t e = 0; e < half; ++e) {
      const float weight = v[d * half + e];
      const float* difference = odd + e * kColumns;
#pragma omp simd
      for (int64_t i = 0; i < columns; ++i) mixed[i] += weight * difference[i];
    }
    float *before = above - d * stride, *after = below + d * stride;
#pragma omp simd
    for (int64_t i = 0; i < columns; ++i) before[i] += mixed[i], after[i] -= mixed[i];
  }
}

/// Mixes the rows around a border: `above` and `below` are the rows next to it, the others lie `stride` apart, `size`
/// elements each.
AECOMP_MULTIVERSION
void MixBorder(const float* v, int half, float* above, float* below, int64_t stride, int64_t size) {
  int64_t begin = 0;
  for (; begin + kColumns <= size; begin += kColumns) MixSome(v, half, above + begin, below + begin, stride, kColumns);
  if (begin < size) MixSome(v, half, above + begin, below + begin, stride, size - begin);
}

/// Rows of pixels to rows of samples, or back. kChannels: 0 where only `channels` knows.
template <int kChannels, class F>
void ForEachSample(int half, int64_t channels, int64_t row, int64_t rows, int64_t stride, F copy) {
  if constexpr (kChannels > 0) channels = kChannels;  // a copy of known size is an instruction or two
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t s = 0; s < 2 * half; ++s) {
      copy(s * stride + r * channels, r * row + (s - half) * channels, static_cast<size_t>(channels) * sizeof(float));
    }
  }
}

/// The same for samples that follow each other, at some borders: transposed in and out, 2 * half samples of C channels
/// in each row.
template <int kChannels>
void MixColumns(const std::vector<float>& v, int half, float* behind, int borders, int64_t channels, int64_t row,
                int64_t rows) {
  thread_local std::vector<float> turned;
  const int64_t stride = borders * rows * channels;
  turned.resize(static_cast<size_t>(2 * half * stride));
  for (int b = 0; b < borders; ++b) {
    float *t = turned.data() + b * rows * channels, *pixels = behind + 2 * half * b * channels;
    ForEachSample<kChannels>(half, channels, row, rows, stride, [&](int64_t to, int64_t from, size_t bytes) {
      std::memcpy(t + to, pixels + from, bytes);
    });
  }
  float* const first = turned.data() + half * stride;
  MixBorder(v.data(), half, first - stride, first, stride, stride);
  for (int b = 0; b < borders; ++b) {
    float *t = turned.data() + b * rows * channels, *pixels = behind + 2 * half * b * channels;
    ForEachSample<kChannels>(half, channels, row, rows, stride, [&](int64_t from, int64_t to, size_t bytes) {
      std::memcpy(pixels + to, t + from, bytes);
    });
  }
}

class LapLayer final : public Layer {
 public:
  LapLayer(const Shape& shape, int block, bool inverse) : shape_(shape), block_(block), inverse_(inverse) {}

  void Forward(const float* x, float* y) override {
    std::memcpy(y, x, static_cast<size_t>(shape_.size()) * sizeof(float));
    Lap(shape_, block_, inverse_, y);
  }

  void Backward(const float* /*x*/, const float* /*y*/, float* dy, float* dx) override {
    if (dx == nullptr) return;
    std::memcpy(dx, dy, static_cast<size_t>(shape_.size()) * sizeof(float));
    Lap(shape_, block_, !inverse_, dx);  // the transpose of a rotation is its inverse
  }

 private:
  Shape shape_;
  int block_;
  bool inverse_;
};

Result<LayerInfo> Infer(const LayerSpec& spec, const Shape& input) {
  AECOMP_ASSIGN_OR_RETURN(const LapOptions o, ReadLapOptions(spec));
  if (input.h % o.block != 0 || input.w % o.block != 0) {
    return UsageError(LayerLabel(spec) + ": height and width must be multiples of its block of " +
                      std::to_string(o.block) + ", but " + Came(spec, input) +
                      " came; change \"block\" or the input size");
  }
  return LayerInfo{input, {}, SaturatingProduct({input.size(), o.block / 2})};  // of V, twice
}

std::unique_ptr<Layer> Create(const LayerSpec& spec, const Shape& input, Parameters&, bool) {
  const LapOptions o = ReadLapOptions(spec).value();
  return std::make_unique<LapLayer>(input, o.block, o.inverse);
}

}  // namespace

LapFilter::LapFilter(int block, bool inverse) : half_(block / 2), v_(OddPartMatrix(block, inverse)) {}

void LapFilter::MixWithinRows(float* x, int64_t rows, int w, int channels) const {
  const int block = 2 * half_;
  const int64_t row = int64_t{w} * channels;
  const auto mix = channels == 3 ? MixColumns<3> : MixColumns<0>;
  const int borders = w / block - 1, together = static_cast<int>(std::max<int64_t>(1, kMixedRows / rows));
  for (int b = 0; b < borders; b += together) {
    mix(v_, half_, x + int64_t{b + 1} * block * channels, std::min(together, borders - b), channels, row, rows);
  }
}

void LapFilter::MixAcross(float* above, float* below, int64_t row) const {
  MixBorder(v_.data(), half_, above + (2 * half_ - 1) * row, below, row, row);
}

void Lap(const Shape& shape, int block, bool inverse, float* x) {
  const LapFilter filter(block, inverse);
  const int64_t row = int64_t{shape.w} * shape.c, rows = int64_t{shape.n} * shape.h, borders = shape.h / block - 1;
  FirstException exception;
#pragma omp parallel for schedule(static)
  for (int64_t r = 0; r < rows; r += kMixedRows) {
    exception.Guard([&] { filter.MixWithinRows(x + r * row, std::min(kMixedRows, rows - r), shape.w, shape.c); });
  }
  exception.Rethrow();
#pragma omp parallel for schedule(static)
  for (int64_t k = 0; k < shape.n * borders; ++k) {
    float* above = x + (k / borders * shape.h + k % borders * block) * row;
    filter.MixAcross(above, above + block * row, row);
  }
}

Result<LapOptions> ReadLapOptions(const LayerSpec& spec) {
  AECOMP_RETURN_IF_ERROR(CheckOptionKeys(spec, {"block", "inverse"}));
  LapOptions o;
  AECOMP_ASSIGN_OR_RETURN(o.block, IntOption(spec, "block", std::nullopt, 2, 256));
  AECOMP_ASSIGN_OR_RETURN(o.inverse, BoolOption(spec, "inverse", false));
  if (o.block % 2 != 0)
    return UsageError(LayerLabel(spec) + ": \"block\" must be even, got " + std::to_string(o.block));
  return o;
}

LayerType LapType() { return {"lap", Infer, Create}; }

}  // namespace aecomp
