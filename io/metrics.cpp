#include "io/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "io/first_exception.h"
#include "io/ms_ssim.h"

namespace aecomp {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool Comparable(const Image& a, const Image& b) {
  return a.width == b.width && a.height == b.height && a.channels == b.channels && a.bits == b.bits &&
         a.pixels.size() == b.pixels.size() && !a.pixels.empty();
}

double Peak(const Image& image) { return image.bits == 16 ? 65535 : 255; }

template <class Sample>
double MeanSquaredError(const Image& a, const Image& b) {
  const size_t count = a.pixels.size() / sizeof(Sample);
  const auto* pa = reinterpret_cast<const Sample*>(a.pixels.data());
  const auto* pb = reinterpret_cast<const Sample*>(b.pixels.data());
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const int64_t difference = int64_t{pa[i]} - int64_t{pb[i]};
    sum += static_cast<uint64_t>(difference * difference);
  }
  return static_cast<double>(sum) / static_cast<double>(count);
}

template <class Sample>
int LargestDifferenceOf(const Image& a, const Image& b) {
  const auto* pa = reinterpret_cast<const Sample*>(a.pixels.data());
  const auto* pb = reinterpret_cast<const Sample*>(b.pixels.data());
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size() / sizeof(Sample); ++i) largest = std::max(largest, std::abs(pa[i] - pb[i]));
  return largest;
}

/// One channel of one scale.
struct Plane {
  int width = 0, height = 0;
  std::vector<float> samples;  // [height, width]
  Plane(int w, int h) : width(w), height(h), samples(static_cast<size_t>(w) * static_cast<size_t>(h)) {}
  const float* Row(int y) const { return samples.data() + static_cast<size_t>(y) * static_cast<size_t>(width); }
  float* Row(int y) { return samples.data() + static_cast<size_t>(y) * static_cast<size_t>(width); }
};

/// Centred on 0, so that the variances below are differences of smaller numbers.
Plane Channel(const Image& image, int channel) {
  Plane plane(image.width, image.height);
  const auto stride = static_cast<size_t>(image.channels);
  const float middle = static_cast<float>((Peak(image) + 1) / 2);
#pragma omp parallel for
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.Row(y);
    float* out = plane.Row(y);
    for (size_t x = 0; x < static_cast<size_t>(image.width); ++x) {
      const size_t i = x * stride + static_cast<size_t>(channel);
      uint16_t wide = row[image.bits == 8 ? i : 0];
      if (image.bits == 16) std::memcpy(&wide, row + 2 * i, 2);
      out[x] = static_cast<float>(wide) - middle;
    }
  }
  return plane;
}

/// Means of 2x2 samples; an odd last row or column is left out.
Plane Halve(const Plane& plane) {
  Plane half(plane.width / 2, plane.height / 2);
  for (int y = 0; y < half.height; ++y) {
    const float *a = plane.Row(2 * y), *b = plane.Row(2 * y + 1);
    float* out = half.Row(y);
    for (int x = 0; x < half.width; ++x) out[x] = (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]) * 0.25f;
  }
  return half;
}

/// Local means under the window of a, b, a^2, b^2 and ab.
enum { kA, kB, kAA, kBB, kAB, kMoments };

/// Filters down the columns: rows y .. y + window of both planes give one row of each moment. moments:
/// [kMoments][width]
void FilterColumns(const Plane& a, const Plane& b, int y, const std::vector<float>& window,
                   std::vector<float>* moments) {
  for (int m = 0; m < kMoments; ++m) std::fill(moments[m].begin(), moments[m].end(), 0.0f);
  float *ma = moments[kA].data(), *mb = moments[kB].data(), *maa = moments[kAA].data(), *mbb = moments[kBB].data(),
        *mab = moments[kAB].data();
  for (size_t k = 0; k < window.size(); ++k) {
    const float *ra = a.Row(y + static_cast<int>(k)), *rb = b.Row(y + static_cast<int>(k));
    const float w = window[k];
    for (int x = 0; x < a.width; ++x) {
      const float va = ra[x], vb = rb[x], wa = w * va, wb = w * vb;
      ma[x] += wa, mb[x] += wb, maa[x] += wa * va, mbb[x] += wb * vb, mab[x] += wa * vb;
    }
  }
}

void FilterRow(const std::vector<float>& in, const std::vector<float>& window, std::vector<float>& out) {
  std::fill(out.begin(), out.end(), 0.0f);
  for (size_t k = 0; k < window.size(); ++k) {
    for (size_t x = 0; x < out.size(); ++x) out[x] += window[k] * in[x + k];
  }
}

struct Similarity {
  double full = 0;       ///< mean of luminance * contrast * structure
  double structure = 0;  ///< mean of contrast * structure
};

Similarity RowSums(const std::vector<float>* moments, double peak) {
  const double c1 = kMsSsimK1 * peak * kMsSsimK1 * peak, c2 = kMsSsimK2 * peak * kMsSsimK2 * peak,
               middle = (peak + 1) / 2;
  Similarity sums;
  for (size_t x = 0; x < moments[kA].size(); ++x) {
    const double ma = moments[kA][x], mb = moments[kB][x];
    const double vaa = moments[kAA][x] - ma * ma, vbb = moments[kBB][x] - mb * mb, vab = moments[kAB][x] - ma * mb;
    const double la = ma + middle, lb = mb + middle;
    const double structure = (2 * vab + c2) / (vaa + vbb + c2);
    sums.structure += structure;
    sums.full += structure * (2 * la * lb + c1) / (la * la + lb * lb + c1);
  }
  return sums;
}

Similarity Compare(const Plane& a, const Plane& b, double peak) {
  const std::vector<float> window = GaussianWindow(std::min({kMsSsimWindow, a.width, a.height}));
  const int columns = a.width - static_cast<int>(window.size()) + 1,
            rows = a.height - static_cast<int>(window.size()) + 1;
  std::vector<Similarity> sums(static_cast<size_t>(rows));  // added up in order: the same for every number of threads
  FirstException exception;
#pragma omp parallel
  {
    std::vector<float> vertical[kMoments], both[kMoments];
    exception.Guard([&] {
      for (int m = 0; m < kMoments; ++m) {
        vertical[m].resize(static_cast<size_t>(a.width));
        both[m].resize(static_cast<size_t>(columns));
      }
    });
#pragma omp for
    for (int y = 0; y < rows; ++y) {
      exception.Guard([&] {
        FilterColumns(a, b, y, window, vertical);
        for (int m = 0; m < kMoments; ++m) FilterRow(vertical[m], window, both[m]);
        sums[static_cast<size_t>(y)] = RowSums(both, peak);
      });
    }
  }
  exception.Rethrow();
  Similarity mean;
  const double count = static_cast<double>(rows) * columns;
  for (const Similarity& s : sums) mean.full += s.full / count, mean.structure += s.structure / count;
  return mean;
}

double ChannelMsSsim(Plane a, Plane b, double peak) {
  const int scales = MsSsimScales(a.width, a.height);
  double product = 1;
  for (int s = 0; s < scales; ++s) {
    const Similarity similarity = Compare(a, b, peak);
    const bool last = s + 1 == scales;
    product *= std::pow(std::max(0.0, last ? similarity.full : similarity.structure), MsSsimExponent(s, scales));
    if (!last) a = Halve(a), b = Halve(b);
  }
  return product;
}

}  // namespace

int LargestDifference(const Image& a, const Image& b) {
  return a.bits == 8 ? LargestDifferenceOf<uint8_t>(a, b) : LargestDifferenceOf<uint16_t>(a, b);
}

double Psnr(const Image& a, const Image& b) {
  if (!Comparable(a, b)) return kNan;
  const double mse = a.bits == 16 ? MeanSquaredError<uint16_t>(a, b) : MeanSquaredError<uint8_t>(a, b);
  if (mse == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(Peak(a) * Peak(a) / mse);
}

double MsSsim(const Image& a, const Image& b) {
  if (!Comparable(a, b)) return kNan;
  double sum = 0;
  for (int c = 0; c < a.channels; ++c) sum += ChannelMsSsim(Channel(a, c), Channel(b, c), Peak(a));
  return sum / a.channels;
}

}  // namespace aecomp
