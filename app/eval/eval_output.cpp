#include "app/eval/eval_output.h"

#include <cmath>

#include "app/report.h"
#include "app/streams.h"
#include "io/printable.h"

namespace aecomp {
namespace {

constexpr int kPlotWidth = 1200, kPlotHeight = 800;
constexpr double kPlotMaxBpp = 3;  // beyond it nothing is compared any more

std::string CsvField(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string RangeText(Metric metric, const Interval& range) {
  const double low = FigureOf(metric, range.low), high = FigureOf(metric, range.high);
  return Format("%.2f to %.2f%s", low, high, InfoOf(metric).program == nullptr ? " dB" : "");
}

std::string Signed(const std::optional<double>& percent) { return percent ? Format("%+.2f %%", *percent) : "-"; }

std::string RateTable(const std::string& codec, const std::vector<Comparison>& rates) {
  std::string text = "BD-rate of " + codec +
                     ": bytes at equal quality, over the range that both curves cover; 95 % confidence over images\n";
  for (const Comparison& c : rates) {
    text += Format("  against %-14s %-13s ", c.anchor.c_str(), InfoOf(c.metric).label);
    if (!c.percent) {
      text += "- (" + c.reason + ")\n";
      continue;
    }
    text += Format("%-20s %11s", RangeText(c.metric, c.range).c_str(), Signed(c.percent).c_str());
    if (c.confidence) text += Format("  (%+.1f to %+.1f)", c.confidence->low, c.confidence->high);
    text += "\n";
  }
  return text;
}

std::string EqualTable(const std::string& codec, const std::vector<EqualQuality>& equal) {
  std::string text =
      "Bits per pixel at equal quality: " + codec + " / the other, and " + codec + "'s bytes in percent\n";
  for (size_t i = 0; i < equal.size(); ++i) {
    const EqualQuality& e = equal[i];
    const bool first = i == 0 || equal[i - 1].anchor != e.anchor || equal[i - 1].metric != e.metric;
    if (first) text += Format("  against %-14s %-13s", e.anchor.c_str(), InfoOf(e.metric).label);
    const auto rate = [](const std::optional<double>& bpp) { return bpp ? Format("%.3f", *bpp) : std::string("-"); };
    const std::string both = rate(e.rate) + " / " + rate(e.anchor_rate);
    const std::string percent = e.Percent() ? Format(" (%.0f %%)", *e.Percent()) : "";
    text += Format("  %s %g: %-23s", e.level.name, e.level.value, (both + percent).c_str());
    const bool last = i + 1 == equal.size() || equal[i + 1].anchor != e.anchor || equal[i + 1].metric != e.metric;
    if (last) text.erase(text.find_last_not_of(' ') + 1), text += "\n";
  }
  return text;
}

}  // namespace

std::string FigureText(Metric metric, double score) {
  const double figure = FigureOf(metric, score);
  if (std::isnan(figure)) return "-";
  return Format("%.3f", figure);
}

std::string PeerTable(const std::vector<Peer>& peers) {
  std::string text = peers.empty() ? "" : "Other codecs, one thread each\n";
  for (const Peer& peer : peers) {
    text += Format("  %-9s %s: %s\n", peer.name.c_str(), peer.program.c_str(), peer.options.c_str());
  }
  return text;
}

std::string CurveTable(const RdCurve& curve, size_t images, const std::vector<Metric>& metrics, bool estimate) {
  std::string text = Format("%s, mean of %zu image%s\n", curve.name.c_str(), images, images == 1 ? "" : "s");
  text += Format("  %7s %8s", "quality", "bpp");
  for (const Metric metric : metrics) {
    const MetricInfo& info = InfoOf(metric);
    const std::string label = std::string(info.label) + (info.program == nullptr ? " dB" : "");
    text += Format(" %*s", metric == Metric::kSmoothEdges ? 15 : 11, label.c_str());
    if (metric == Metric::kMsSsim) text += Format(" %8s", "MS-SSIM");
  }
  text += Format(" %11s %11s%s\n", "encode MP/s", "decode MP/s", estimate ? "  real/estimated, worst" : "");
  for (const RdPoint& p : curve.points) {
    text += Format("  %7.4g %8.4f", p.quality, p.bpp);
    for (const Metric metric : metrics) {
      const std::string figure = FigureText(metric, p.scores[metric]);
      text += Format(" %*s", metric == Metric::kSmoothEdges ? 15 : 11, figure.c_str());
      if (metric == Metric::kMsSsim) text += Format(" %8.4f", p.scores.ms_ssim);
    }
    text += Format(" %11.2f %11.2f", p.encode_mps, p.decode_mps);
    text += estimate ? Format("  %21.4f\n", p.worst_estimate) : "\n";
  }
  return text;
}

std::string ComparisonTables(const std::string& codec, const Comparisons& comparisons) {
  if (comparisons.rates.empty()) return "";
  return RateTable(codec, comparisons.rates) + EqualTable(codec, comparisons.equal);
}

std::string MeasurementLine(const Measurement& m, const std::vector<Metric>& metrics) {
  std::string image = m.image;
  HideControls(image);
  std::string text = Format("%s  %s  q %g  %dx%d  %s  %.4f bpp", image.c_str(), m.codec.c_str(), m.quality, m.width,
                            m.height, HumanBytes(m.bytes).c_str(), m.bpp());
  for (const Metric metric : metrics) {
    text += Format("  %s %s", InfoOf(metric).label, FigureText(metric, m.scores[metric]).c_str());
  }
  return text + Format("  %.3f s / %.3f s\n", m.encode_seconds, m.decode_seconds);
}

std::string MeasurementsCsv(const std::vector<Measurement>& measurements) {
  std::string csv =
      "codec,image,quality,width,height,bytes,bpp,psnr,ms_ssim,encode_seconds,decode_seconds,estimated_bits,"
      "ms_ssim_db,smooth_edges,butteraugli,ssimulacra2\n";
  for (const Measurement& m : measurements) {
    csv += CsvField(m.codec) + "," + CsvField(m.image) +
           Format(",%g,%d,%d,%ld,%.6f,%.4f,%.6f,%.6f,%.6f,%.1f", m.quality, m.width, m.height,
                  static_cast<long>(m.bytes), m.bpp(), m.scores[Metric::kPsnr], m.scores.ms_ssim, m.encode_seconds,
                  m.decode_seconds, m.estimated_bits);
    for (const Metric metric : {Metric::kMsSsim, Metric::kSmoothEdges, Metric::kButteraugli, Metric::kSsimulacra2}) {
      const double score = m.scores[metric];
      csv += std::isnan(score) ? "," : Format(",%.6f", FigureOf(metric, score));
    }
    csv += "\n";
  }
  return csv;
}

Status WritePlot(const OpenCvApi& api, const std::string& path, const std::vector<RdCurve>& curves) {
  Plot plot;
  plot.title = "Rate-distortion, means over images";
  plot.x_label = "bits per pixel", plot.y_label = "PSNR, dB";
  for (const RdCurve& curve : curves) {
    PlotSeries series{curve.name, {}, {}};
    for (const RdPoint& p : curve.points) {
      if (p.bpp <= 0 || p.bpp > kPlotMaxBpp) continue;
      series.x.push_back(p.bpp), series.y.push_back(p.scores[Metric::kPsnr]);
    }
    plot.series.push_back(std::move(series));
  }
  plot.log_x = true;
  AECOMP_ASSIGN_OR_RETURN(const auto png, api.plot(plot, kPlotWidth, kPlotHeight));
  return WriteOutput(path, png, {.overwrite = true});
}

}  // namespace aecomp
