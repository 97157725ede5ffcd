#include "app/eval/metric.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "app/eval/child_process.h"
#include "app/eval/program_identity.h"
#include "app/eval/smooth_edges_measure.h"
#include "io/convert.h"
#include "io/file.h"
#include "io/formats/png.h"
#include "io/metrics.h"

namespace aecomp {
namespace {

/// -10 log10 of an error, which is 0 for equal pictures.
double Decibels(double error) { return error > 0 ? std::min(kMostScore, -10 * std::log10(error)) : kMostScore; }

Status WritePng(const Image& image, const std::string& path) {
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, EncodePng(GrayToRgb(To8Bits(image.Clone()))));
  return WriteFileAtomically(path, bytes, true);
}

/// What a program prints first has to be a number.
Result<double> FirstNumber(const std::string& program, const std::string& text) {
  char* rest = nullptr;
  const double value = std::strtod(text.c_str(), &rest);
  const bool ends = *rest == 0 || std::isspace(static_cast<unsigned char>(*rest)) != 0;
  if (rest == text.c_str() || !ends || !std::isfinite(value)) {
    return InputError(program + ": prints no number: '" + text.substr(0, 60) + "'");
  }
  return value;
}

Result<double> AskProgram(const std::string& program, const Original& original, const Image& decoded,
                          const MeasureContext& context) {
  AECOMP_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create());
  const std::string before = folder.File("original.png"), after = folder.File("decoded.png");
  AECOMP_RETURN_IF_ERROR(WritePng(original.image, before));
  AECOMP_RETURN_IF_ERROR(WritePng(decoded, after));
  ChildOptions options;
  options.interrupted = context.interrupted;
  AECOMP_ASSIGN_OR_RETURN(const ChildOutput said, RunChildOrFail({program, before, after}, options));
  return FirstNumber(program, said.out);
}

Result<double> AskOnce(const MetricInfo& info, const Original& original, const Image& decoded,
                       const MeasureContext& context) {
  const std::string key = HashText({"figure", CommandIdentity({info.program}), original.hash, HashText(decoded)});
  if (const auto known = context.cache.Read(key)) {
    const std::string text(known->begin(), known->end());
    if (const auto value = FirstNumber(info.program, text); value.ok()) return value;
  }
  AECOMP_ASSIGN_OR_RETURN(const double value, AskProgram(info.program, original, decoded, context));
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  context.cache.Write(key, text);
  return value;
}

}  // namespace

const std::array<MetricInfo, kMetrics>& MetricTable() {
  static const std::array<MetricInfo, kMetrics> table = {{
      {Metric::kPsnr, "psnr", "PSNR", "dB", nullptr, {{{"low", 30}, {"medium", 34}, {"high", 38}}}},
      {Metric::kMsSsim, "ms_ssim", "MS-SSIM", "dB", nullptr, {{{"low", 12}, {"medium", 15}, {"high", 18}}}},
      {Metric::kSmoothEdges,
       "smooth_edges",
       "smooth edges",
       "dB",
       nullptr,
       {{{"low", 36}, {"medium", 40}, {"high", 44}}}},
      {Metric::kButteraugli,
       "butteraugli",
       "Butteraugli",
       "-10 log10 of the distance",
       "butteraugli",
       {{{"low", 6}, {"medium", 4}, {"high", 3}}}},
      {Metric::kSsimulacra2,
       "ssimulacra2",
       "SSIMULACRA 2",
       "",
       "ssimulacra2",
       {{{"low", 50}, {"medium", 70}, {"high", 90}}}},
  }};
  return table;
}

bool Scores::Has(const std::vector<Metric>& wanted) const {
  return std::none_of(wanted.begin(), wanted.end(), [&](Metric metric) { return std::isnan((*this)[metric]); });
}

double ScoreOf(Metric metric, double figure) { return metric == Metric::kButteraugli ? Decibels(figure) : figure; }

double FigureOf(Metric metric, double score) {
  return metric == Metric::kButteraugli ? std::pow(10, -score / 10) : score;
}

Result<std::vector<Metric>> ChooseMetrics(const std::vector<std::string>& ids) {
  std::vector<Metric> chosen;
  for (const MetricInfo& info : MetricTable()) {
    const bool there = info.program == nullptr || !FindProgram(info.program).empty();
    const bool asked_for = std::find(ids.begin(), ids.end(), info.id) != ids.end();
    if (asked_for && !there) {
      return InputError(std::string("--metrics ") + info.id + ": needs the program " + info.program +
                        ", which is not on the PATH");
    }
    // Curves, plots and the qualities of peers rest on PSNR.
    if (asked_for || info.metric == Metric::kPsnr || (ids.empty() && there)) chosen.push_back(info.metric);
  }
  for (const std::string& id : ids) {
    std::string list;
    for (const MetricInfo& info : MetricTable()) list += (list.empty() ? "" : ", ") + std::string(info.id);
    const auto same = [&](const MetricInfo& info) { return id == info.id; };
    if (std::none_of(MetricTable().begin(), MetricTable().end(), same)) {
      return UsageError("--metrics " + id + ": is none of " + list);
    }
  }
  return chosen;
}

Original MakeOriginal(std::string name, Image image) {
  std::string hash = HashText(image);
  return {std::move(name), std::move(image), std::move(hash)};
}

Status Measure(const Original& original, const Image& decoded, const MeasureContext& context, Scores& scores) {
  for (const Metric metric : context.metrics) {
    if (!std::isnan(scores[metric])) continue;
    const MetricInfo& info = InfoOf(metric);
    if (metric == Metric::kPsnr) scores[metric] = Psnr(original.image, decoded);
    if (metric == Metric::kMsSsim) {
      scores.ms_ssim = MsSsim(original.image, decoded);
      scores[metric] = Decibels(1 - scores.ms_ssim);
    }
    if (metric == Metric::kSmoothEdges) scores[metric] = Decibels(MeasureSmoothEdges(original.image, decoded));
    if (info.program != nullptr) {
      const auto figure = AskOnce(info, original, decoded, context);
      if (figure.ok()) scores[metric] = ScoreOf(metric, figure.value());
      if (figure.status().code() == StatusCode::kInterrupted) return figure.status();
      if (!figure.ok() && context.failed) context.failed(metric, figure.status());
    }
  }
  return {};
}

}  // namespace aecomp
