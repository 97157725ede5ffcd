// A line plot drawn with OpenCV, which the program has for reading images; a plotting library, such as PLplot, would be
// a dependency for this picture alone. Only io/formats/opencv_module.cpp includes this.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "io/formats/opencv_api.h"

namespace aecomp {

/// One axis: which values there are and where they go.
class PlotAxis {
 public:
  PlotAxis(bool log, double low, double high) : log_(log) {
    if (!(low <= high)) low = 1, high = 2;  // no points at all
    low_ = Warp(low), high_ = Warp(high);
    const double margin = high_ > low_ ? 0.04 * (high_ - low_) : 0.5;
    low_ -= margin, high_ += margin;
  }
  bool Shows(double value) const { return std::isfinite(value) && (!log_ || value > 0); }
  double Fraction(double value) const { return (Warp(value) - low_) / (high_ - low_); }

  /// Round values, about `wanted` of them.
  std::vector<double> Ticks(int wanted) const {
    if (log_ && high_ - low_ > 0.5) return LogTicks();
    const double low = log_ ? std::pow(10, low_) : low_, high = log_ ? std::pow(10, high_) : high_;
    const double rough = (high - low) / wanted, power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double factor : {5.0, 2.0, 1.0}) step = factor * power >= rough ? factor * power : step;
    std::vector<double> ticks;
    for (double k = std::ceil(low / step); k * step <= high; ++k) ticks.push_back(k * step);
    return ticks;
  }

 private:
  double Warp(double value) const { return log_ ? std::log10(value) : value; }
  std::vector<double> LogTicks() const {
    const double decades = high_ - low_;
    std::vector<double> ticks;
    for (int e = static_cast<int>(std::floor(low_)); e <= high_; ++e) {
      for (int m = 1; m < 10; ++m) {
        const bool wanted = m == 1 || (decades < 4 && (m == 2 || m == 5)) || (decades < 1.3 && m != 7 && m != 9);
        const double value = m * std::pow(10, e), at = std::log10(value);
        if (wanted && at >= low_ && at <= high_) ticks.push_back(value);
      }
    }
    return ticks;
  }

  bool log_;
  double low_, high_;
};

/// Axes, ticks, grid, lines with markers, and a legend, on white. Sizes follow the height of the picture.
class PlotPainter {
 public:
  PlotPainter(const Plot& plot, int width, int height)
      : plot_(plot),
        canvas_(height, width, CV_8UC3, cv::Scalar::all(255)),
        unit_(std::min(height / 600.0, width / 800.0)),
        area_(S(86), S(54), width - S(86) - S(28), height - S(54) - S(70)),
        x_(MakeAxis(plot.log_x, &PlotSeries::x)),
        y_(MakeAxis(plot.log_y, &PlotSeries::y)) {}

  cv::Mat Paint() {
    PaintGrid();
    cv::rectangle(canvas_, area_, Gray(90), S(1), cv::LINE_AA);
    for (size_t i = 0; i < plot_.series.size(); ++i) PaintSeries(i);
    PaintLegend();
    Text(plot_.title, {area_.x + area_.width / 2, S(30)}, 0.75, Gray(20), kCentre);
    Text(plot_.x_label, {area_.x + area_.width / 2, canvas_.rows - S(20)}, 0.55, Gray(40), kCentre);
    PaintYLabel();
    return canvas_;
  }

 private:
  enum Align { kLeft, kCentre, kRight };
  static constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
  static constexpr int kShift = 4;  // positions in 1/16 pixels: smooth lines

  int S(double length) const { return std::max(1, static_cast<int>(std::lround(length * unit_))); }
  static cv::Scalar Gray(int level) { return cv::Scalar::all(level); }

  /// Okabe and Ito's colours, which stay distinct for the colour-blind; BGR.
  static cv::Scalar Colour(size_t i) {
    static const cv::Scalar kColours[] = {{178, 114, 0}, {0, 94, 213},   {115, 158, 0}, {167, 121, 204},
                                          {0, 159, 230}, {233, 180, 86}, {60, 60, 60},  {40, 40, 160}};
    return kColours[i % std::size(kColours)];
  }

  PlotAxis MakeAxis(bool log, std::vector<double> PlotSeries::*values) const {
    double low = INFINITY, high = -INFINITY;
    for (const PlotSeries& series : plot_.series) {
      for (const double value : series.*values) {
        if (!std::isfinite(value) || (log && value <= 0)) continue;
        low = std::min(low, value), high = std::max(high, value);
      }
    }
    return PlotAxis(log, low, high);
  }

  int X(double value) const { return area_.x + static_cast<int>(std::lround(x_.Fraction(value) * area_.width)); }
  int Y(double value) const {
    return area_.y + area_.height - static_cast<int>(std::lround(y_.Fraction(value) * area_.height));
  }

  void Text(const std::string& text, cv::Point at, double size, const cv::Scalar& colour, Align align) {
    int baseline = 0;
    const int thickness = S(1);
    const cv::Size box = cv::getTextSize(text, kFont, size * unit_, thickness, &baseline);
    if (align == kCentre) at.x -= box.width / 2;
    if (align == kRight) at.x -= box.width;
    cv::putText(canvas_, text, at, kFont, size * unit_, colour, thickness, cv::LINE_AA);
  }

  static std::string Label(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", std::abs(value) < 1e-12 ? 0.0 : value);
    return text;
  }

  void PaintGrid() {
    for (const double tick : x_.Ticks(8)) {
      const int x = X(tick);
      cv::line(canvas_, {x, area_.y}, {x, area_.y + area_.height}, Gray(225), S(1));
      Text(Label(tick), {x, area_.y + area_.height + S(22)}, 0.45, Gray(60), kCentre);
    }
    for (const double tick : y_.Ticks(8)) {
      const int y = Y(tick);
      cv::line(canvas_, {area_.x, y}, {area_.x + area_.width, y}, Gray(225), S(1));
      Text(Label(tick), {area_.x - S(8), y + S(5)}, 0.45, Gray(60), kRight);
    }
  }

  void PaintSeries(size_t index) {
    const PlotSeries& series = plot_.series[index];
    std::vector<cv::Point> fine, points;
    for (size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
      if (!x_.Shows(series.x[i]) || !y_.Shows(series.y[i])) continue;
      const double x = area_.x + x_.Fraction(series.x[i]) * area_.width;
      const double y = area_.y + (1 - y_.Fraction(series.y[i])) * area_.height;
      fine.emplace_back(static_cast<int>(x * (1 << kShift)), static_cast<int>(y * (1 << kShift)));
      points.emplace_back(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
    }
    cv::polylines(canvas_, fine, false, Colour(index), S(2), cv::LINE_AA, kShift);
    // A single point draws no line.
    if (!series.markers && points.size() > 1) return;
    for (const cv::Point& point : points) PaintMarker(point, index);
  }

  /// Circle, square, triangle, diamond: beyond the colours, they change.
  void PaintMarker(cv::Point p, size_t index) {
    const int r = S(5);
    const size_t shape = index % 4;
    if (shape == 0) {
      cv::circle(canvas_, p, r, Colour(index), cv::FILLED, cv::LINE_AA);
      return;
    }
    std::vector<cv::Point> corners;
    if (shape == 1) corners = {{p.x - r, p.y - r}, {p.x + r, p.y - r}, {p.x + r, p.y + r}, {p.x - r, p.y + r}};
    if (shape == 2) corners = {{p.x, p.y - r - 1}, {p.x + r + 1, p.y + r}, {p.x - r - 1, p.y + r}};
    if (shape == 3) corners = {{p.x, p.y - r - 2}, {p.x + r + 1, p.y}, {p.x, p.y + r + 2}, {p.x - r - 1, p.y}};
    cv::fillConvexPoly(canvas_, corners, Colour(index), cv::LINE_AA);
  }

  /// How much of the lines lies in `box`.
  int PointsIn(const cv::Rect& box) const {
    constexpr int kParts = 32;  // of each line from point to point
    int count = 0;
    for (const PlotSeries& s : plot_.series) {
      for (size_t i = 0; i < std::min(s.x.size(), s.y.size()); ++i) {
        const size_t from = i > 0 ? i - 1 : i;
        if (!x_.Shows(s.x[i]) || !y_.Shows(s.y[i]) || !x_.Shows(s.x[from]) || !y_.Shows(s.y[from])) continue;
        const cv::Point a(X(s.x[from]), Y(s.y[from])), b(X(s.x[i]), Y(s.y[i]));
        for (int k = 1; k <= kParts; ++k) count += box.contains(a + (b - a) * k / kParts);
      }
    }
    return count;
  }

  /// The corner that hides the fewest points; the lower right one, below rate-distortion curves, if it is one of them.
  cv::Rect LegendBox(cv::Size size) const {
    const int left = area_.x + S(12), right = area_.x + area_.width - size.width - S(12);
    const int top = area_.y + S(12), bottom = area_.y + area_.height - size.height - S(12);
    cv::Rect best;
    int fewest = -1;
    for (const cv::Point corner : {cv::Point(right, bottom), {right, top}, {left, top}, {left, bottom}}) {
      const int points = PointsIn({corner, size});
      if (fewest < 0 || points < fewest) best = {corner, size}, fewest = points;
    }
    return best;
  }

  void PaintLegend() {
    int widest = 0, baseline = 0;
    for (const PlotSeries& s : plot_.series) {
      if (s.label.empty()) continue;
      widest = std::max(widest, cv::getTextSize(s.label, kFont, 0.5 * unit_, S(1), &baseline).width);
    }
    if (widest == 0) return;
    const int line = S(23), n = static_cast<int>(plot_.series.size());
    const cv::Size size(widest + S(66), n * line + S(14));
    const cv::Rect box = LegendBox(size);
    cv::rectangle(canvas_, box, Gray(255), cv::FILLED);
    cv::rectangle(canvas_, box, Gray(190), S(1));
    for (int i = 0; i < n; ++i) {
      const auto index = static_cast<size_t>(i);
      const int y = box.y + S(7) + i * line + line / 2;
      cv::line(canvas_, {box.x + S(10), y}, {box.x + S(46), y}, Colour(index), S(2), cv::LINE_AA);
      if (plot_.series[index].markers) PaintMarker({box.x + S(28), y}, index);
      Text(plot_.series[index].label, {box.x + S(54), y + S(5)}, 0.5, Gray(30), kLeft);
    }
  }

  /// Written across on a canvas of its own, then turned.
  void PaintYLabel() {
    int baseline = 0;
    const cv::Size box = cv::getTextSize(plot_.y_label, kFont, 0.55 * unit_, S(1), &baseline);
    if (box.width <= 0 || box.width >= canvas_.rows) return;
    cv::Mat label(box.height + baseline + S(4), box.width + S(2), CV_8UC3, cv::Scalar::all(255)), turned;
    cv::putText(label, plot_.y_label, {0, box.height + S(1)}, kFont, 0.55 * unit_, Gray(40), S(1), cv::LINE_AA);
    cv::rotate(label, turned, cv::ROTATE_90_COUNTERCLOCKWISE);
    const int y = std::clamp(area_.y + (area_.height - turned.rows) / 2, 0, canvas_.rows - turned.rows);
    turned.copyTo(canvas_(cv::Rect(S(10), y, turned.cols, turned.rows)));
  }

  const Plot& plot_;
  cv::Mat canvas_;
  double unit_;
  cv::Rect area_;
  PlotAxis x_, y_;
};

}  // namespace aecomp
