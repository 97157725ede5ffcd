#include "io/bd_rate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace aecomp {
namespace {

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

/// Monotone piecewise cubic through (x, y), x rising.
struct Pchip {
  std::vector<double> x, y, slope;

  double At(size_t i, double position) const {  // in [x[i], x[i + 1]]
    const double h = x[i + 1] - x[i], t = (position - x[i]) / h;
    const double a = (1 + 2 * t) * (1 - t) * (1 - t), b = t * (1 - t) * (1 - t);
    const double c = t * t * (3 - 2 * t), d = t * t * (t - 1);
    return a * y[i] + b * h * slope[i] + c * y[i + 1] + d * h * slope[i + 1];
  }
  double Integral(double low, double high) const {
    double sum = 0;
    for (size_t i = 0; i + 1 < x.size(); ++i) {
      const double from = std::max(low, x[i]), to = std::min(high, x[i + 1]);
      // Simpson's rule is exact for cubics.
      if (from < to) sum += (to - from) / 6 * (At(i, from) + 4 * At(i, (from + to) / 2) + At(i, to));
    }
    return sum;
  }
};

/// At an end: the slope of the parabola through three points, limited so that the curve stays monotone.
double EndSlope(double h0, double h1, double d0, double d1) {
  const double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
  if (slope * d0 <= 0) return 0;
  return d0 * d1 <= 0 && std::abs(slope) > 3 * std::abs(d0) ? 3 * d0 : slope;
}

Pchip Fit(std::span<const RatePoint> points) {
  Pchip curve;
  for (const RatePoint& p : points) curve.x.push_back(p.psnr), curve.y.push_back(std::log(p.rate));
  const size_t n = points.size();
  std::vector<double> h, d;  // widths and slopes of the intervals
  for (size_t i = 0; i + 1 < n; ++i) {
    h.push_back(curve.x[i + 1] - curve.x[i]);
    d.push_back((curve.y[i + 1] - curve.y[i]) / h[i]);
  }
  curve.slope.assign(n, d[0]);
  if (n == 2) return curve;
  for (size_t i = 1; i + 1 < n; ++i) {  // harmonic mean, weighted: all d > 0
    const double a = 2 * h[i] + h[i - 1], b = h[i] + 2 * h[i - 1];
    curve.slope[i] = (a + b) / (a / d[i - 1] + b / d[i]);
  }
  curve.slope[0] = EndSlope(h[0], h[1], d[0], d[1]);
  curve.slope[n - 1] = EndSlope(h[n - 2], h[n - 3], d[n - 2], d[n - 3]);
  return curve;
}

Status Check(std::span<const RatePoint> points, const std::string& which, double low, double high) {
  const std::string name = "BD-rate: the " + which + " curve ";
  if (points.size() < 2) return InputError(name + "has fewer than 2 points");
  for (size_t i = 0; i < points.size(); ++i) {
    const bool sound = std::isfinite(points[i].rate) && std::isfinite(points[i].psnr) && points[i].rate > 0;
    if (!sound) return InputError(name + "has a point without a finite positive rate and finite PSNR");
    if (i > 0 && !(points[i].rate > points[i - 1].rate && points[i].psnr > points[i - 1].psnr)) {
      return InputError(name + "does not rise strictly at " + Number(points[i].psnr) + " dB");
    }
  }
  if (points.front().psnr > low || points.back().psnr < high) {
    return InputError(name + "spans " + Number(points.front().psnr) + " to " + Number(points.back().psnr) +
                      " dB, not all of " + Number(low) + " to " + Number(high));
  }
  return {};
}

}  // namespace

Result<double> BdRate(std::span<const RatePoint> anchor, std::span<const RatePoint> test, double low, double high) {
  if (!(low < high)) return UsageError("BD-rate: the range of PSNR is empty");
  AECOMP_RETURN_IF_ERROR(Check(anchor, "anchor", low, high));
  AECOMP_RETURN_IF_ERROR(Check(test, "test", low, high));
  const double difference = Fit(test).Integral(low, high) - Fit(anchor).Integral(low, high);
  return 100 * std::expm1(difference / (high - low));
}

Result<double> RateAt(std::span<const RatePoint> curve, double psnr) {
  AECOMP_RETURN_IF_ERROR(Check(curve, "given", psnr, psnr));
  const Pchip fit = Fit(curve);
  const auto above = std::upper_bound(fit.x.begin() + 1, fit.x.end() - 1, psnr);
  return std::exp(fit.At(static_cast<size_t>(above - fit.x.begin()) - 1, psnr));
}

}  // namespace aecomp
