#include "app/eval/eval_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "model/base/json_text.h"

namespace aecomp {
namespace {

using Json = nlohmann::ordered_json;

std::string JsonLine(const Json& json) { return JsonText(json) + "\n"; }

/// ms_ssim is the measure of 0 .. 1; its score in dB is beside it. A metric that was not measured is left out.
void AddScores(Json& json, const Scores& scores) {
  for (const MetricInfo& info : MetricTable()) {
    const double score = scores[info.metric];
    if (std::isnan(score)) continue;
    if (info.metric == Metric::kMsSsim) json["ms_ssim"] = scores.ms_ssim;
    json[info.metric == Metric::kMsSsim ? "ms_ssim_db" : info.id] = FigureOf(info.metric, score);
  }
}

Json ToJson(const Measurement& m) {
  Json json = {{"type", "image"}, {"codec", m.codec}, {"input", m.image}, {"quality", m.quality}};
  json["width"] = m.width, json["height"] = m.height;
  json["bytes"] = m.bytes, json["bpp"] = m.bpp();
  AddScores(json, m.scores);
  json["encode_seconds"] = m.encode_seconds, json["decode_seconds"] = m.decode_seconds;
  if (m.estimated_bits > 0) json["estimated_bits"] = m.estimated_bits;
  return json;
}

Json ToJson(const std::string& codec, const RdPoint& p) {
  Json json = {{"type", "mean"}, {"codec", codec}, {"quality", p.quality}, {"bpp", p.bpp}};
  AddScores(json, p.scores);
  json["encode_mps"] = p.encode_mps, json["decode_mps"] = p.decode_mps;
  if (p.worst_estimate > 0) json["worst_real_to_estimated"] = p.worst_estimate;
  return json;
}

Json Optional(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json ToJson(const std::string& codec, const Comparison& c) {
  Json json = {{"type", "bd_rate"}, {"codec", codec}, {"anchor", c.anchor}, {"metric", InfoOf(c.metric).id}};
  json["percent"] = Optional(c.percent);
  if (!c.percent) json["reason"] = c.reason;
  if (!c.percent) return json;
  json["low"] = FigureOf(c.metric, c.range.low), json["high"] = FigureOf(c.metric, c.range.high);
  if (c.confidence) json["confidence_low"] = c.confidence->low, json["confidence_high"] = c.confidence->high;
  return json;
}

Json ToJson(const std::string& codec, const EqualQuality& e) {
  Json json = {{"type", "equal_quality"}, {"codec", codec}, {"anchor", e.anchor}, {"metric", InfoOf(e.metric).id}};
  json["level"] = e.level.name, json["value"] = e.level.value;
  json["bpp"] = Optional(e.rate), json["anchor_bpp"] = Optional(e.anchor_rate), json["percent"] = Optional(e.Percent());
  return json;
}

}  // namespace

std::string EvalJsonLines(const std::vector<Peer>& peers, const std::vector<Measurement>& measurements,
                          const std::vector<RdCurve>& curves, const Comparisons& comparisons) {
  std::string text;
  for (const Peer& peer : peers) {
    text += JsonLine({{"type", "peer"}, {"codec", peer.name}, {"program", peer.program}, {"options", peer.options}});
  }
  for (const Measurement& m : measurements) text += JsonLine(ToJson(m));
  for (const RdCurve& curve : curves) {
    for (const RdPoint& point : curve.points) text += JsonLine(ToJson(curve.name, point));
  }
  for (const Comparison& c : comparisons.rates) text += JsonLine(ToJson(curves.front().name, c));
  for (const EqualQuality& e : comparisons.equal) text += JsonLine(ToJson(curves.front().name, e));
  return text;
}

}  // namespace aecomp
