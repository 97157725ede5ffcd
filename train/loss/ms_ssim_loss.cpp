// With E[.] the mean under the window, a the original and b the decoded plane, each position of a scale has
//   cs = (2 (E[ab] - E[a]E[b]) + C2) / (E[aa] - E[a]^2 + E[bb] - E[b]^2 + C2),   l = (2 E[a]E[b] + C1) / (E[a]^2 +
//   E[b]^2 + C1).
// The measure is the product over scales of mean(cs)^exponent, with mean(l cs) at the coarsest. Both are functions of
// E[b], E[bb] and E[ab]; the gradient by b is the transposed window over the derivatives by these three, times 1, 2b,
// a.
#include "train/loss/ms_ssim_loss.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "io/ms_ssim.h"
#include "model/base/multiversion.h"

namespace aecomp {
namespace {

constexpr int kTaps = kMsSsimWindow;
constexpr float kC1 = static_cast<float>(kMsSsimK1 * kMsSsimK1), kC2 = static_cast<float>(kMsSsimK2 * kMsSsimK2);
constexpr double kLeast = 1e-6;  // of a scale's mean, which a power needs to be positive

using Plane = std::vector<float>;

enum Moment { kA, kB, kAA, kBB, kAB, kMoments };

size_t Area(int height, int width) { return static_cast<size_t>(height) * static_cast<size_t>(width); }

/// One row of the five products, filtered down the columns. a, b: the first of kTaps rows. out: [kMoments][width].
AECOMP_MULTIVERSION
void FilterColumns(const float* a, const float* b, int width, const float* window, float* out) {
  std::fill_n(out, static_cast<size_t>(kMoments) * static_cast<size_t>(width), 0.0f);
  float *ma = out, *mb = ma + width, *maa = mb + width, *mbb = maa + width, *mab = mbb + width;
  for (int k = 0; k < kTaps; ++k, a += width, b += width) {
    const float w = window[k];
    for (int x = 0; x < width; ++x) {
      const float va = a[x], vb = b[x], wa = w * va, wb = w * vb;
      ma[x] += wa, mb[x] += wb, maa[x] += wa * va, mbb[x] += wb * vb, mab[x] += wa * vb;
    }
  }
}

/// out [width - kTaps + 1]: in [width] filtered along the row.
AECOMP_MULTIVERSION
void FilterRow(const float* in, int width, const float* window, float* out) {
  const int count = width - kTaps + 1;
  std::fill_n(out, count, 0.0f);
  for (int k = 0; k < kTaps; ++k) {
    for (int x = 0; x < count; ++x) out[x] += window[k] * in[x + k];
  }
}

/// The transpose of FilterRow: adds in [count] to out [count + kTaps - 1].
AECOMP_MULTIVERSION
void SpreadRow(const float* in, int count, const float* window, float* out) {
  for (int k = 0; k < kTaps; ++k) {
    for (int x = 0; x < count; ++x) out[x + k] += window[k] * in[x];
  }
}

AECOMP_MULTIVERSION
void AddScaled(const float* in, float weight, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] += weight * in[i];
}

struct Sums {
  double structure = 0, full = 0;  ///< of cs and of l cs
};

AECOMP_MULTIVERSION
Sums AddUp(const float* moments, size_t count, size_t positions) {
  Sums sums;
  for (size_t i = 0; i < count; ++i) {
    const float a = moments[i], b = moments[positions + i], aa = moments[2 * positions + i],
                bb = moments[3 * positions + i], ab = moments[4 * positions + i];
    const float cs = (2 * (ab - a * b) + kC2) / (aa - a * a + bb - b * b + kC2);
    const float l = (2 * a * b + kC1) / (a * a + b * b + kC1);
    sums.structure += static_cast<double>(cs), sums.full += static_cast<double>(l * cs);
  }
  return sums;
}

/// Replaces E[b], E[bb] and E[ab] of each position by `weight` times the derivatives of cs, or of l cs, by them.
AECOMP_MULTIVERSION
void Differentiate(float* moments, size_t positions, bool full, float weight) {
  for (size_t i = 0; i < positions; ++i) {
    float &b = moments[positions + i], &bb = moments[3 * positions + i], &ab = moments[4 * positions + i];
    const float a = moments[i], aa = moments[2 * positions + i];
    const float above = 2 * (ab - a * b) + kC2, inverse = 1 / (aa - a * a + bb - b * b + kC2), cs = above * inverse;
    float by_ab = 2 * inverse, by_bb = -cs * inverse, by_b = 2 * inverse * (b * cs - a);
    if (full) {
      const float below = 1 / (a * a + b * b + kC1), l = (2 * a * b + kC1) * below;
      by_ab *= l, by_bb *= l;
      by_b = by_b * l + cs * 2 * below * (a - b * l);
    }
    b = weight * by_b, bb = weight * by_bb, ab = weight * by_ab;
  }
}

/// gradient += by_b + 2 b by_bb + a by_ab, over a row.
AECOMP_MULTIVERSION
void Chain(const float* a, const float* b, const float* by_b, const float* by_bb, const float* by_ab, size_t count,
           float* gradient) {
  for (size_t i = 0; i < count; ++i) gradient[i] += by_b[i] + 2 * b[i] * by_bb[i] + a[i] * by_ab[i];
}

}  // namespace

struct MsSsimLoss::Scale {
  int height, width;
  Plane a, b, gradient;  // [height, width]; a and b of the finest scale stay empty
  Plane moments;         // [kMoments, height - kTaps + 1, width - kTaps + 1]
  Plane spread;          // [3, height, width]: the transposed window over derivatives
  Plane row;             // [kMoments, width]

  Scale(int h, int w, bool finest)
      : height(h),
        width(w),
        a(finest ? 0 : Area(h, w)),
        b(a.size()),
        gradient(Area(h, w)),
        moments(kMoments * Area(Rows(), Columns())),
        spread(3 * Area(h, w)),
        row(kMoments * static_cast<size_t>(w)) {}

  int Rows() const { return height - kTaps + 1; }
  int Columns() const { return width - kTaps + 1; }
  size_t Positions() const { return Area(Rows(), Columns()); }

  /// Means of cs and of l cs.
  Sums Forward(const float* original, const float* decoded, const float* window) {
    for (int y = 0; y < Rows(); ++y) {
      const size_t at = Area(y, width);
      FilterColumns(original + at, decoded + at, width, window, row.data());
      for (size_t m = 0; m < kMoments; ++m) {
        FilterRow(row.data() + m * static_cast<size_t>(width), width, window,
                  moments.data() + m * Positions() + Area(y, Columns()));
      }
    }
    Sums sums = AddUp(moments.data(), Positions(), Positions());
    const double count = static_cast<double>(Positions());
    return {sums.structure / count, sums.full / count};
  }

  /// Adds weight * d mean / d decoded to `gradient`. After Forward, whose moments it replaces.
  void Backward(const float* original, const float* decoded, const float* window, bool full, double weight) {
    Differentiate(moments.data(), Positions(), full, static_cast<float>(weight / static_cast<double>(Positions())));
    std::fill(spread.begin(), spread.end(), 0.0f);
    const size_t area = Area(height, width), columns = static_cast<size_t>(width);
    static constexpr size_t kOf[3] = {kB, kBB, kAB};
    for (size_t m = 0; m < 3; ++m) {
      for (int y = 0; y < Rows(); ++y) {
        std::fill_n(row.begin(), width, 0.0f);
        SpreadRow(moments.data() + kOf[m] * Positions() + Area(y, Columns()), Columns(), window, row.data());
        for (int k = 0; k < kTaps; ++k) {
          AddScaled(row.data(), window[k], columns, spread.data() + m * area + Area(y + k, width));
        }
      }
    }
    const float* by = spread.data();
    Chain(original, decoded, by, by + area, by + 2 * area, area, gradient.data());
  }

  /// Means of 2x2 samples of a plane of the next finer scale, whose width is `finer`.
  void Halve(const float* from, int finer, Plane& to) const {
    for (int y = 0; y < height; ++y) {
      const float *upper = from + Area(2 * y, finer), *lower = upper + finer;
      float* out = to.data() + Area(y, width);
      for (int x = 0; x < width; ++x) {
        out[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) * 0.25f;
      }
    }
  }

  /// The transpose of Halve: adds this scale's gradient to that of the next finer one.
  void AddTo(Scale& finer) const {
    for (int y = 0; y < 2 * height; ++y) {
      const float* from = gradient.data() + Area(y / 2, width);
      float* out = finer.gradient.data() + Area(y, finer.width);
      for (int x = 0; x < 2 * width; ++x) out[x] += 0.25f * from[x / 2];
    }
  }
};

MsSsimLoss::MsSsimLoss(int height, int width) : window_(GaussianWindow(kTaps)) {
  const int count = MsSsimScales(width, height);
  for (int s = 0; s < count; ++s) scales_.emplace_back(height >> s, width >> s, s == 0);
}
MsSsimLoss::MsSsimLoss(MsSsimLoss&&) noexcept = default;
MsSsimLoss::~MsSsimLoss() = default;

double MsSsimLoss::operator()(const float* original, const float* decoded, float* gradient) {
  const size_t count = scales_.size();
  std::vector<const float*> a(count, original), b(count, decoded);
  std::vector<double> means(count);
  double product = 1;
  for (size_t s = 0; s < count; ++s) {
    Scale& scale = scales_[s];
    if (s > 0) {
      scale.Halve(a[s - 1], scales_[s - 1].width, scale.a);
      scale.Halve(b[s - 1], scales_[s - 1].width, scale.b);
      a[s] = scale.a.data(), b[s] = scale.b.data();
    }
    const Sums sums = scale.Forward(a[s], b[s], window_.data());
    means[s] = s + 1 == count ? sums.full : sums.structure;
    product *= std::pow(std::max(means[s], kLeast), MsSsimExponent(static_cast<int>(s), static_cast<int>(count)));
  }
  for (size_t s = count; s-- > 0;) {
    Scale& scale = scales_[s];
    std::fill(scale.gradient.begin(), scale.gradient.end(), 0.0f);
    if (s + 1 < count) scales_[s + 1].AddTo(scale);
    if (means[s] <= kLeast) continue;
    const double exponent = MsSsimExponent(static_cast<int>(s), static_cast<int>(count));
    scale.Backward(a[s], b[s], window_.data(), s + 1 == count, -product * exponent / means[s]);
  }
  std::copy(scales_[0].gradient.begin(), scales_[0].gradient.end(), gradient);
  return 1 - product;
}

}  // namespace aecomp
