#include "io/formats/library/lab.h"

#include <algorithm>
#include <cmath>

namespace aecomp {
namespace {

struct Matrix {
  double m[3][3];
};

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix product = {};
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 3; ++k) product.m[i][j] += a.m[i][k] * b.m[k][j];
    }
  }
  return product;
}

Matrix Diagonal(const double v[3]) { return {{{v[0], 0, 0}, {0, v[1], 0}, {0, 0, v[2]}}}; }

/// Bradford's cone responses of X, Y, Z, and back.
constexpr Matrix kBradford = {{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};
constexpr Matrix kBradfordInverse = {
    {{0.9869929, -0.1470543, 0.1599627}, {0.4323053, 0.5183603, 0.0492912}, {-0.0085287, 0.0400428, 0.9684867}}};
/// X, Y, Z to linear light (IEC 61966-2-1).
constexpr Matrix kSrgbOfXyz = {
    {{3.2404542, -1.5371385, -0.4985314}, {-0.9692660, 1.8760108, 0.0415560}, {0.0556434, -0.2040259, 1.0572252}}};
constexpr double kD50[3] = {0.96422, 1, 0.82521}, kD65[3] = {0.95047, 1, 1.08883};

void ConesOf(const double xyz[3], double cones[3]) {
  for (int i = 0; i < 3; ++i) {
    cones[i] = 0;
    for (int j = 0; j < 3; ++j) cones[i] += kBradford.m[i][j] * xyz[j];
  }
}

/// 0 .. 1 of linear light to sRGB (IEC 61966-2-1).
double SrgbOfLinear(double v) {
  v = std::clamp(v, 0.0, 1.0);
  return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
}

}  // namespace

LabToSrgb::LabToSrgb(double x, double y) {
  constexpr double kLeast = 0.1, kMost = 0.6;  // all lamps and skies lie between
  double white[3] = {kD50[0], kD50[1], kD50[2]};
  if (x >= kLeast && x <= kMost && y >= kLeast && y <= kMost && x + y < 1) white[0] = x / y, white[2] = (1 - x - y) / y;
  double from[3], to[3];
  ConesOf(white, from);
  ConesOf(kD65, to);
  for (int i = 0; i < 3; ++i) to[i] /= from[i];
  const Matrix all = kSrgbOfXyz * kBradfordInverse * Diagonal(to) * kBradford * Diagonal(white);
  std::copy(&all.m[0][0], &all.m[0][0] + 9, &rgb_of_xyz_[0][0]);
}

void LabToSrgb::Convert(double lightness, double a, double b, double rgb[3]) const {
  const auto inverse = [](double f) { return f > 6.0 / 29 ? f * f * f : 3 * 36.0 / 841 * (f - 4.0 / 29); };
  const double fy = (lightness + 16) / 116;
  const double xyz[3] = {inverse(fy + a / 500), inverse(fy), inverse(fy - b / 200)};
  for (int i = 0; i < 3; ++i) {
    const double* row = rgb_of_xyz_[i];
    rgb[i] = SrgbOfLinear(row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]);
  }
}

}  // namespace aecomp
