#include "app/eval/rd_curve.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/file.h"

namespace aecomp {
namespace {

constexpr uint64_t kMaxAnchorBytes = 16 << 20;

template <class T, class Same>
T& FindOrAdd(std::vector<T>& list, const Same& same) {
  const auto found = std::find_if(list.begin(), list.end(), same);
  return found != list.end() ? *found : list.emplace_back();
}

/// Sums of what becomes one RdPoint.
struct Sums {
  double quality = 0, images = 0, bpp = 0, ms_ssim = 0, pixels = 0, encode = 0, decode = 0, worst = 0;
  std::array<double, kMetrics> scores = {};

  void Add(const Measurement& m) {
    quality = m.quality;
    images += 1, bpp += m.bpp(), ms_ssim += m.scores.ms_ssim;
    for (size_t i = 0; i < kMetrics; ++i) {
      const double score = m.scores.values[i];
      scores[i] += std::isnan(score) ? score : std::min(score, kMostScore);
    }
    pixels += m.pixels(), encode += m.encode_seconds, decode += m.decode_seconds;
    if (m.estimated_bits <= 0) return;
    const double ratio = 8.0 * static_cast<double>(m.bytes) / m.estimated_bits;
    if (worst == 0 || std::abs(ratio - 1) > std::abs(worst - 1)) worst = ratio;
  }
  RdPoint Mean() const {
    RdPoint point;
    point.quality = quality, point.bpp = bpp / images, point.scores.ms_ssim = ms_ssim / images;
    for (size_t i = 0; i < kMetrics; ++i) point.scores.values[i] = scores[i] / images;
    point.encode_mps = pixels / 1e6 / encode, point.decode_mps = pixels / 1e6 / decode;
    point.worst_estimate = worst;
    return point;
  }
};

RdCurve MeanCurve(const std::string& codec, const std::vector<Measurement>& measurements) {
  std::vector<Sums> sums;
  for (const Measurement& m : measurements) {
    if (m.codec != codec) continue;
    FindOrAdd(sums, [&](const Sums& s) { return s.quality == m.quality; }).Add(m);
  }
  RdCurve curve{codec, {}};
  for (const Sums& s : sums) curve.points.push_back(s.Mean());
  std::stable_sort(curve.points.begin(), curve.points.end(),
                   [](const RdPoint& a, const RdPoint& b) { return a.bpp < b.bpp; });
  return curve;
}

Result<RdCurve> ParseAnchor(const std::string& name, const nlohmann::json& json) {
  const auto bpp = json.at("bpp").get<std::vector<double>>();
  const auto psnr = json.at("psnr").get<std::vector<double>>();
  if (bpp.size() != psnr.size()) return InputError("curve " + name + ": bpp and psnr differ in length");
  RdCurve curve{name, {}};
  for (size_t i = 0; i < bpp.size(); ++i) {
    RdPoint point;
    point.bpp = bpp[i], point.scores[Metric::kPsnr] = psnr[i];
    curve.points.push_back(point);
  }
  return curve;
}

}  // namespace

std::vector<RdCurve> MeanCurves(const std::vector<Measurement>& measurements) {
  std::vector<std::string> codecs;
  for (const Measurement& m : measurements) {
    if (std::find(codecs.begin(), codecs.end(), m.codec) == codecs.end()) codecs.push_back(m.codec);
  }
  std::vector<RdCurve> curves;
  for (const std::string& codec : codecs) curves.push_back(MeanCurve(codec, measurements));
  return curves;
}

Result<std::vector<RdCurve>> ReadAnchors(const std::string& path) {
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path, kMaxAnchorBytes));
  try {
    const auto json = nlohmann::json::parse(bytes);
    std::vector<RdCurve> curves;
    for (const auto& [name, value] : json.at("curves").items()) {
      AECOMP_ASSIGN_OR_RETURN(RdCurve curve, ParseAnchor(name, value));
      curves.push_back(std::move(curve));
    }
    return curves;
  } catch (const nlohmann::json::exception& error) {
    return InputError(path + ": not {\"curves\": {name: {\"bpp\": [...], \"psnr\": [...]}}}: " + error.what());
  }
}

Range RangeOf(const RdCurve& curve, Metric metric) {
  Range range;
  for (const RdPoint& point : curve.points) {
    const double score = point.scores[metric];
    if (!std::isnan(score)) range.low = std::min(range.low, score), range.high = std::max(range.high, score);
  }
  return range;
}

std::vector<RatePoint> FrontOf(std::vector<RatePoint> points) {
  std::erase_if(points, [](const RatePoint& p) { return !std::isfinite(p.psnr) || !(p.rate > 0); });
  std::sort(points.begin(), points.end(), [](const RatePoint& a, const RatePoint& b) {
    return a.rate != b.rate ? a.rate < b.rate : a.psnr > b.psnr;
  });
  std::vector<RatePoint> front;
  for (const RatePoint& point : points) {
    if (front.empty() || point.psnr > front.back().psnr) front.push_back(point);
  }
  return front;
}

std::vector<RatePoint> FrontOf(const RdCurve& curve, Metric metric) {
  std::vector<RatePoint> points;
  for (const RdPoint& point : curve.points) points.push_back({point.bpp, point.scores[metric]});
  return FrontOf(std::move(points));
}

}  // namespace aecomp
