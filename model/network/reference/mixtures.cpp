#include <cmath>

#include "model/network/layers/options.h"
#include "model/network/reference/families.h"

namespace aecomp::reference {
namespace {

struct Tap {
  int at;
  double weight;
};

/// Orthonormal DCTs of types II and IV, row k, column i.
double Dct2(int k, int i, int n) { return std::sqrt((k == 0 ? 1.0 : 2.0) / n) * std::cos(M_PI * (i + 0.5) * k / n); }
double Dct4(int k, int i, int n) { return std::sqrt(2.0 / n) * std::cos(M_PI * (i + 0.5) * (k + 0.5) / n); }

/// What sample p of `length` becomes along one axis: the even part about the nearest border of two blocks, (x[p] +
/// x[mirrored]) / 2, and row p of V for the odd part.
std::vector<Tap> LappedSample(int p, int length, int block, bool inverse) {
  const int border = (p + block / 2) / block * block, n = block / 2;
  if (border == 0 || border == length) return {{p, 1.0}};
  const auto distance = [&](int q) { return q < border ? border - 1 - q : q - border; };
  std::vector<Tap> taps = {{p, 0.5}, {2 * border - 1 - p, 0.5}};
  for (int q = border - n; q < border + n; ++q) {
    const int i = n - 1 - distance(inverse ? q : p), j = n - 1 - distance(inverse ? p : q);
    double v = 0;
    for (int k = 0; k < n; ++k) v += Dct2(k, i, n) * Dct4(k, j, n);
    taps.push_back({q, (p < border) == (q < border) ? v / 2 : -v / 2});
  }
  return taps;
}

/// Padding counts as zeros.
void DescribeAvgPool(const LayerSpec& spec, const Shape& s, Mixture* mixture) {
  const int kernel = CheckedInteger(spec, "kernel", 0), stride = CheckedInteger(spec, "stride", kernel);
  const int padding = CheckedInteger(spec, "padding", 0);
  const auto size = [&](int length) { return (length + 2 * padding - kernel) / stride + 1; };
  const Shape out{s.n, s.c, size(s.h), size(s.w)};
  *mixture = {out, {}};
  for (int n = 0; n < out.n; ++n)
    for (int c = 0; c < out.c; ++c)
      for (int h = 0; h < out.h; ++h)
        for (int w = 0; w < out.w; ++w)
          for (int i = h * stride - padding; i < h * stride - padding + kernel; ++i)
            for (int j = w * stride - padding; j < w * stride - padding + kernel; ++j) {
              if (i < 0 || j < 0 || i >= s.h || j >= s.w) continue;
              mixture->terms.push_back({At(s, n, c, i, j), At(out, n, c, h, w), 1.0 / (kernel * kernel)});
            }
}

}  // namespace

bool DescribeMixture(const LayerSpec& spec, const Shape& s, Mixture* mixture) {
  if (spec.type == "avg_pool2d") return DescribeAvgPool(spec, s, mixture), true;
  if (spec.type != "lap") return false;
  const int block = CheckedInteger(spec, "block", 0);
  const bool inverse = CheckedFlag(spec, "inverse", false);
  *mixture = {s, {}};
  for (int n = 0; n < s.n; ++n)
    for (int c = 0; c < s.c; ++c)
      for (int h = 0; h < s.h; ++h)
        for (int w = 0; w < s.w; ++w)
          for (const Tap& v : LappedSample(h, s.h, block, inverse))
            for (const Tap& u : LappedSample(w, s.w, block, inverse))
              mixture->terms.push_back({At(s, n, c, v.at, u.at), At(s, n, c, h, w), v.weight * u.weight});
  return true;
}

}  // namespace aecomp::reference
