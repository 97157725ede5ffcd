#include "app/eval/bd_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "app/report.h"

namespace aecomp {
namespace {

constexpr double kTail = 0.025;

/// Rates and scores of one codec by one metric: [setting][image].
struct ByImage {
  std::vector<std::vector<RatePoint>> settings;

  std::vector<RatePoint> MeanOf(const std::vector<size_t>& images) const {
    std::vector<RatePoint> points;
    for (const auto& setting : settings) {
      RatePoint sum;
      for (const size_t i : images) sum.rate += setting[i].rate, sum.psnr += setting[i].psnr;
      const double n = static_cast<double>(images.size());
      points.push_back({sum.rate / n, sum.psnr / n});
    }
    return FrontOf(std::move(points));
  }
};

ByImage Collect(const std::vector<Measurement>& measurements, const std::string& codec, Metric metric,
                const std::vector<std::string>& images) {
  std::map<double, std::map<std::string, RatePoint>> found;
  for (const Measurement& m : measurements) {
    if (m.codec == codec) found[m.quality][m.image] = {m.bpp(), std::min(m.scores[metric], kMostScore)};
  }
  ByImage result;
  for (const auto& [quality, points] : found) {
    std::vector<RatePoint>& row = result.settings.emplace_back();
    for (const std::string& image : images) {
      const auto point = points.find(image);
      if (point == points.end()) return {};
      row.push_back(point->second);
    }
  }
  return result;
}

std::vector<std::string> ImagesOf(const std::vector<Measurement>& measurements) {
  std::vector<std::string> images;
  for (const Measurement& m : measurements) {
    if (std::find(images.begin(), images.end(), m.image) == images.end()) images.push_back(m.image);
  }
  return images;
}

std::optional<Interval> Bootstrap(const ByImage& anchor, const ByImage& test, size_t images) {
  if (images < 2 || anchor.settings.empty() || test.settings.empty()) return std::nullopt;
  std::mt19937_64 random(1);
  std::vector<double> rates;
  std::vector<size_t> drawn(images);
  for (int sample = 0; sample < kBootstrapSamples; ++sample) {
    for (size_t& image : drawn) image = random() % images;
    if (const auto rate = Compare(anchor.MeanOf(drawn), test.MeanOf(drawn)).percent) rates.push_back(*rate);
  }
  if (rates.size() < kBootstrapSamples / 2) return std::nullopt;
  std::sort(rates.begin(), rates.end());
  const auto quantile = [&](double q) {
    return rates[static_cast<size_t>(std::lround(q * static_cast<double>(rates.size() - 1)))];
  };
  return Interval{quantile(kTail), quantile(1 - kTail)};
}

std::optional<double> RateFor(const std::vector<RatePoint>& points, double score) {
  const auto rate = RateAt(points, score);
  return rate.ok() ? std::optional(rate.value()) : std::nullopt;
}

}  // namespace

Comparison Compare(const std::vector<RatePoint>& anchor, const std::vector<RatePoint>& test,
                   std::optional<Interval> limits) {
  Comparison result;
  if (anchor.size() < 2 || test.size() < 2) {
    result.reason = "a curve has fewer than 2 points";
    return result;
  }
  result.range = {std::max(anchor.front().psnr, test.front().psnr), std::min(anchor.back().psnr, test.back().psnr)};
  if (limits) {
    result.range = {std::max(result.range.low, limits->low), std::min(result.range.high, limits->high)};
  }
  if (!(result.range.low < result.range.high)) {
    result.reason = Format("no common range: %.2f to %.2f and %.2f to %.2f", test.front().psnr, test.back().psnr,
                           anchor.front().psnr, anchor.back().psnr);
    return result;
  }
  const auto rate = BdRate(anchor, test, result.range.low, result.range.high);
  if (rate.ok()) result.percent = rate.value();
  if (!rate.ok()) result.reason = rate.status().message();
  return result;
}

Comparisons CompareAll(const RdCurve& curve, const std::vector<RdCurve>& anchors,
                       const std::vector<Measurement>& measurements, const std::vector<Metric>& metrics) {
  Comparisons result;
  const std::vector<std::string> images = ImagesOf(measurements);
  for (const RdCurve& anchor : anchors) {
    for (const Metric metric : metrics) {
      const auto theirs = FrontOf(anchor, metric), ours = FrontOf(curve, metric);
      if (theirs.empty() || ours.empty()) continue;  // a published curve has PSNR alone
      Comparison comparison = Compare(theirs, ours);
      comparison.anchor = anchor.name, comparison.metric = metric;
      comparison.confidence = Bootstrap(Collect(measurements, anchor.name, metric, images),
                                        Collect(measurements, curve.name, metric, images), images.size());
      if (!comparison.percent) comparison.confidence.reset();
      result.rates.push_back(std::move(comparison));
      for (const NamedLevel& level : InfoOf(metric).levels) {
        const double score = ScoreOf(metric, level.value);
        result.equal.push_back({anchor.name, metric, level, RateFor(ours, score), RateFor(theirs, score)});
      }
    }
  }
  return result;
}

}  // namespace aecomp
