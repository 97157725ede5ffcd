#include "app/report/page.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/report/page_template.h"
#include "model/base/json_text.h"

namespace aecomp {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// What people read: MS-SSIM in dB, Butteraugli as a distance.
Json Figures(const Scores& scores, bool as_scores) {
  Json json = Json::object();
  for (const MetricInfo& info : MetricTable()) {
    const double score = scores[info.metric];
    if (std::isnan(score)) continue;
    json[info.id] = Number(as_scores ? score : FigureOf(info.metric, std::min(score, kMostScore)));
  }
  return json;
}

Json ToJson(Metric metric) {
  const MetricInfo& info = InfoOf(metric);
  const std::string unit = info.program == nullptr ? "dB" : "";
  const std::string axis = std::string(info.label) + (*info.unit == 0 ? "" : std::string(", ") + info.unit);
  return {{"id", info.id}, {"label", info.label}, {"unit", unit}, {"axis", axis}};
}

Json ToJson(const RdCurve& curve) {
  Json points = Json::array();
  for (const RdPoint& p : curve.points) {
    points.push_back({{"quality", p.encode_mps > 0 ? Number(p.quality) : Json()},  // published curves have none
                      {"bpp", p.bpp},
                      {"scores", Figures(p.scores, true)},
                      {"figures", Figures(p.scores, false)}});
  }
  return {{"name", curve.name}, {"points", std::move(points)}};
}

Json ToJson(const std::vector<Comparison>& rates) {
  Json list = Json::array();
  for (const Comparison& c : rates) {
    Json json = {{"anchor", c.anchor}, {"metric", InfoOf(c.metric).id}};
    json["percent"] = c.percent ? Number(*c.percent) : Json();
    json["reason"] = c.reason;
    json["low"] = Number(FigureOf(c.metric, c.range.low)), json["high"] = Number(FigureOf(c.metric, c.range.high));
    if (c.confidence) json["confidence"] = {c.confidence->low, c.confidence->high};
    list.push_back(std::move(json));
  }
  return list;
}

Json ToJson(const std::vector<EqualQuality>& levels) {
  Json list = Json::array();
  for (const EqualQuality& e : levels) {
    list.push_back({{"anchor", e.anchor},
                    {"metric", InfoOf(e.metric).id},
                    {"name", e.level.name},
                    {"value", e.level.value},
                    {"bpp", e.rate ? Number(*e.rate) : Json()},
                    {"other", e.anchor_rate ? Number(*e.anchor_rate) : Json()}});
  }
  return list;
}

Json ToJson(const PagePicture& picture) {
  Json json = {{"name", picture.name}, {"width", picture.width}, {"height", picture.height}};
  json["original"] = picture.original;
  json["rates"] = ToJson(picture.rates);
  json["variants"] = Json::array();
  for (const PageVariant& v : picture.variants) {
    Json variant = {{"codec", v.codec}, {"setting", v.setting}, {"bytes", v.bytes}, {"image", v.image}};
    variant["scores"] = Figures(v.scores, false);
    variant["worst"] = Json::array();
    for (const WorstSquare& region : v.worst) variant["worst"].push_back({region.x, region.y, region.side});
    json["variants"].push_back(std::move(variant));
  }
  return json;
}

Json ToJson(const TrainingChart& chart) {
  Json json = {{"label", chart.label}, {"series", Json::array()}};
  for (const auto& series : chart.series) {
    Json points = Json::array();
    for (const auto& [step, value] : series.points) {
      if (std::isfinite(value)) points.push_back({step, value});
    }
    json["series"].push_back({{"name", series.name}, {"points", std::move(points)}});
  }
  return json;
}

std::string DataOf(const Page& page) {
  Json json = {{"title", page.title}, {"lead", page.lead}, {"summary", page.summary}, {"shown_as", page.shown_as}};
  json["method"] = page.method;
  for (const char* list : {"metrics", "curves", "pictures"}) json[list] = Json::array();
  for (const Metric metric : page.metrics) json["metrics"].push_back(ToJson(metric));
  for (const RdCurve& curve : page.curves) json["curves"].push_back(ToJson(curve));
  for (const PagePicture& picture : page.pictures) json["pictures"].push_back(ToJson(picture));
  json["rates"] = ToJson(page.comparisons.rates), json["levels"] = ToJson(page.comparisons.equal);
  if (!page.charts.empty()) {
    json["training"] = {{"text", page.training_text}, {"charts", Json::array()}};
    for (const TrainingChart& chart : page.charts) json["training"]["charts"].push_back(ToJson(chart));
  }
  // A name with "</script>" must not end the element.
  std::string text;
  for (const char c : JsonText(json)) text += c == '<' ? "\\u003c" : std::string(1, c);
  return text;
}

std::string PicturesOf(const Page& page) {
  std::string text;
  for (size_t i = 0; i < page.images.size(); ++i) {
    text += "<script type=\"text/plain\" id=\"picture-" + std::to_string(i) + "\">" + page.images[i] + "</script>\n";
  }
  return text;
}

}  // namespace

std::string PageHtml(const Page& page) {
  return FillTemplate({{"data", DataOf(page)}, {"pictures", PicturesOf(page)}});
}

}  // namespace aecomp
