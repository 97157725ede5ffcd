#include "train/loss/smooth_edges.h"

#include <algorithm>
#include <cstddef>

#include "model/base/multiversion.h"

namespace aecomp {
namespace {

constexpr int kLevels = 4;
constexpr int kBlock = 4;                 // pixels each way of the block whose variance decides
constexpr float kSmoothVariance = 1e-4f;  // v0: a standard deviation of 2.55 of 255

size_t Area(int height, int width) { return static_cast<size_t>(height) * static_cast<size_t>(width); }

float Variance(const float* block, int stride) {
  float sum = 0, squares = 0;
  for (int y = 0; y < kBlock; ++y) {
    for (int x = 0; x < kBlock; ++x) {
      const float v = block[Area(y, stride) + static_cast<size_t>(x)] - block[0];  // centred: no cancellation
      sum += v, squares += v * v;
    }
  }
  constexpr float kCount = kBlock * kBlock;
  return std::max(0.0f, squares / kCount - sum / kCount * (sum / kCount));
}

/// Means of 2x2 samples. from: [2 height, 2 width]; to: [height, width].
void Halve(const float* from, int height, int width, float* to) {
  for (int y = 0; y < height; ++y) {
    const float *upper = from + Area(2 * y, 2 * width), *lower = upper + 2 * width;
    float* out = to + Area(y, width);
    for (int x = 0; x < width; ++x) {
      out[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) * 0.25f;
    }
  }
}

/// Differences of `count` pairs p[i], q[i]: returns their weighted squares and adds `scale` times the derivative to gp
/// and gq.
AECOMP_MULTIVERSION
float Pairs(const float* wp, const float* wq, const float* p, const float* q, int count, float scale, float* gp,
            float* gq) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int i = 0; i < count; ++i) {
    const float w = std::min(wp[i], wq[i]), d = q[i] - p[i];
    sum += w * d * d;
  }
  for (int i = 0; i < count; ++i) gp[i] -= scale * 2 * std::min(wp[i], wq[i]) * (q[i] - p[i]);
  for (int i = 0; i < count; ++i) gq[i] += scale * 2 * std::min(wp[i], wq[i]) * (q[i] - p[i]);
  return sum;
}

}  // namespace

SmoothEdges::SmoothEdges(int height, int width) : stride_(static_cast<size_t>(width)), area_(Area(height, width)) {
  for (int s = 0; s < kLevels; ++s) {
    const int h = height / kLeastSide * kLeastSide >> s, w = width / kLeastSide * kLeastSide >> s;
    const std::vector<float> plane(Area(h, w));
    levels_.push_back({h, w, plane, plane, plane});
  }
}

void SmoothEdges::MeasureSmoothness(const float* luma) {
  Level& pixels = levels_[0];
  for (int y = 0; y < pixels.height; y += kBlock) {
    for (int x = 0; x < pixels.width; x += kBlock) {
      const float* block = luma + static_cast<size_t>(y) * stride_ + static_cast<size_t>(x);
      const float w = kSmoothVariance / (Variance(block, static_cast<int>(stride_)) + kSmoothVariance);
      for (int r = 0; r < kBlock; ++r)
        std::fill_n(pixels.smooth.data() + Area(y + r, pixels.width) + static_cast<size_t>(x), kBlock, w);
    }
  }
  for (size_t s = 1; s < kLevels; ++s) {
    Halve(levels_[s - 1].smooth.data(), levels_[s].height, levels_[s].width, levels_[s].smooth.data());
  }
}

double SmoothEdges::operator()(const float* luma, const float* error, const std::vector<float>& plane_weights,
                               float* gradient) {
  MeasureSmoothness(luma);
  const size_t rows = static_cast<size_t>(levels_[0].height), columns = static_cast<size_t>(levels_[0].width);
  double total = 0;
  for (size_t plane = 0; plane < plane_weights.size(); ++plane) {
    for (size_t y = 0; y < rows; ++y)
      std::copy_n(error + plane * area_ + y * stride_, columns, levels_[0].error.data() + y * columns);
    for (size_t s = 0; s < kLevels; ++s) {
      Level& level = levels_[s];
      if (s > 0) Halve(levels_[s - 1].error.data(), level.height, level.width, level.error.data());
      std::fill(level.gradient.begin(), level.gradient.end(), 0.0f);
      const double scale = static_cast<double>(plane_weights[plane]) * static_cast<double>(1 << (2 * s)) / 16 /
                           static_cast<double>(level.error.size());
      const auto across = [&](size_t from, size_t step, int count) {
        const float *w = level.smooth.data() + from, *e = level.error.data() + from;
        float* g = level.gradient.data() + from;
        total +=
            scale * static_cast<double>(Pairs(w, w + step, e, e + step, count, static_cast<float>(scale), g, g + step));
      };
      for (int y = 0; y < level.height; ++y) {
        const size_t row = Area(y, level.width);
        across(row, 1, level.width - 1);
        if (y + 1 < level.height) across(row, static_cast<size_t>(level.width), level.width);
      }
    }
    for (size_t s = kLevels - 1; s > 0; --s) {
      const Level& coarse = levels_[s];
      Level& fine = levels_[s - 1];
      for (int y = 0; y < fine.height; ++y) {
        const float* from = coarse.gradient.data() + Area(y / 2, coarse.width);
        float* to = fine.gradient.data() + Area(y, fine.width);
        for (int x = 0; x < fine.width; ++x) to[x] += 0.25f * from[x / 2];
      }
    }
    float* out = gradient + plane * area_;
    std::fill_n(out, area_, 0.0f);
    for (size_t y = 0; y < rows; ++y) std::copy_n(levels_[0].gradient.data() + y * columns, columns, out + y * stride_);
  }
  return total;
}

}  // namespace aecomp
