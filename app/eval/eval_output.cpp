#include "app/eval/eval_output.h"

#include <nlohmann/json.hpp>

#include "app/report.h"
#include "app/streams.h"
#include "model/base/json_text.h"

namespace aecomp {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kPlotWidth = 1200, kPlotHeight = 800;
constexpr double kPlotMaxBpp = 3;  // beyond it nothing is compared any more

std::string JsonLine(const Json& json) { return JsonText(json) + "\n"; }

std::string CsvField(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

Json ToJson(const Measurement& m) {
  Json json = {{"type", "image"}, {"codec", m.codec}, {"input", m.image}, {"quality", m.quality}};
  json["width"] = m.width, json["height"] = m.height;
  json["bytes"] = m.bytes, json["bpp"] = m.bpp();
  json["psnr"] = m.psnr, json["ms_ssim"] = m.ms_ssim;
  json["encode_seconds"] = m.encode_seconds, json["decode_seconds"] = m.decode_seconds;
  if (m.estimated_bits > 0) json["estimated_bits"] = m.estimated_bits;
  return json;
}

Json ToJson(const std::string& codec, const RdPoint& p) {
  Json json = {{"type", "mean"}, {"codec", codec}, {"quality", p.quality}, {"bpp", p.bpp}, {"psnr", p.psnr}};
  json["ms_ssim"] = p.ms_ssim;
  json["encode_mps"] = p.encode_mps, json["decode_mps"] = p.decode_mps;
  if (p.worst_estimate > 0) json["worst_real_to_estimated"] = p.worst_estimate;
  return json;
}

}  // namespace

std::string CurveTable(const RdCurve& curve, size_t images, bool estimate) {
  std::string text = Format("%s, mean of %zu image%s\n", curve.name.c_str(), images, images == 1 ? "" : "s");
  text += Format("  %7s %8s %9s %8s %11s %11s%s\n", "quality", "bpp", "PSNR dB", "MS-SSIM", "encode MP/s",
                 "decode MP/s", estimate ? "  real/estimated, worst" : "");
  for (const RdPoint& p : curve.points) {
    text += Format("  %7.1f %8.4f %9.3f %8.4f %11.2f %11.2f", p.quality, p.bpp, p.psnr, p.ms_ssim, p.encode_mps,
                   p.decode_mps);
    text += estimate ? Format("  %21.4f\n", p.worst_estimate) : "\n";
  }
  return text;
}

std::string BdRateTable(const RdCurve& curve, const std::vector<RdCurve>& anchors) {
  if (anchors.empty()) return "";
  std::string text = Format("BD-rate of %s, %.1f to %.1f dB\n", curve.name.c_str(), kBdLow, kBdHigh);
  for (const RdCurve& anchor : anchors) {
    const auto rate = BdRatePercent(anchor, curve);
    text += Format("  against %-28s ", anchor.name.c_str());
    text += rate ? Format("%+7.2f %%\n", *rate) : "      - (a curve does not span the range)\n";
  }
  return text;
}

std::string MeasurementLine(const Measurement& m) {
  return Format("%s  %s  q %g  %dx%d  %s  %.4f bpp  %.3f dB  MS-SSIM %.4f  %.3f s / %.3f s\n", m.image.c_str(),
                m.codec.c_str(), m.quality, m.width, m.height, HumanBytes(m.bytes).c_str(), m.bpp(), m.psnr, m.ms_ssim,
                m.encode_seconds, m.decode_seconds);
}

std::string MeasurementsCsv(const std::vector<Measurement>& measurements) {
  std::string csv =
      "codec,image,quality,width,height,bytes,bpp,psnr,ms_ssim,encode_seconds,decode_seconds,estimated_bits\n";
  for (const Measurement& m : measurements) {
    csv += CsvField(m.codec) + "," + CsvField(m.image) +
           Format(",%g,%d,%d,%ld,%.6f,%.4f,%.6f,%.6f,%.6f,%.1f\n", m.quality, m.width, m.height,
                  static_cast<long>(m.bytes), m.bpp(), m.psnr, m.ms_ssim, m.encode_seconds, m.decode_seconds,
                  m.estimated_bits);
  }
  return csv;
}

std::string EvalJsonLines(const std::vector<Measurement>& measurements, const std::vector<RdCurve>& curves,
                          const std::vector<RdCurve>& anchors) {
  std::string text;
  for (const Measurement& m : measurements) text += JsonLine(ToJson(m));
  for (const RdCurve& curve : curves) {
    for (const RdPoint& point : curve.points) text += JsonLine(ToJson(curve.name, point));
  }
  for (const RdCurve& anchor : anchors) {
    if (const auto rate = BdRatePercent(anchor, curves.front())) {
      text +=
          JsonLine({{"type", "bd_rate"}, {"codec", curves.front().name}, {"anchor", anchor.name}, {"percent", *rate}});
    }
  }
  return text;
}

Status WritePlot(const OpenCvApi& api, const std::string& path, const std::vector<RdCurve>& curves) {
  Plot plot;
  plot.title = "Rate-distortion, means over images";
  plot.x_label = "bits per pixel", plot.y_label = "PSNR, dB";
  for (const RdCurve& curve : curves) {
    PlotSeries series{curve.name, {}, {}};
    for (const RdPoint& p : curve.points) {
      if (p.bpp <= 0 || p.bpp > kPlotMaxBpp) continue;
      series.x.push_back(p.bpp), series.y.push_back(p.psnr);
    }
    plot.series.push_back(std::move(series));
  }
  plot.log_x = true;
  AECOMP_ASSIGN_OR_RETURN(const auto png, api.plot(plot, kPlotWidth, kPlotHeight));
  return WriteOutput(path, png, {.overwrite = true});
}

}  // namespace aecomp
