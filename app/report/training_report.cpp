#include "app/report/training_report.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "app/models/model_source.h"
#include "app/report.h"
#include "app/report/report_builder.h"
#include "io/convert.h"
#include "io/file.h"

namespace aecomp {
namespace {

using nlohmann::json;

const std::vector<Metric> kTrainingMetrics = {Metric::kPsnr, Metric::kMsSsim, Metric::kSmoothEdges};
const std::vector<double> kQualities = {0, 20, 40, 60, 80, 100};
constexpr const char* kStart = "before training";
constexpr size_t kMostCompared = 12;

/// Means of the qualities of a validation.
double MeanOf(const json& rows, const char* key) {
  double sum = 0;
  for (const json& row : rows) sum += row.value(key, 0.0);
  return rows.empty() ? 0 : sum / static_cast<double>(rows.size());
}

std::vector<PictureSource> SourcesOf(const TrainedRun& run) {
  std::vector<PictureSource> sources;
  for (size_t i = 0; i < run.held_out.size(); ++i) {
    const Image& image = run.held_out[i];
    sources.push_back({run.held_out_names[i],
                       [&image](std::vector<std::string>*) -> Result<Image> { return WithoutAlpha(image.Clone()); }});
  }
  return sources;
}

/// The model before training on the same pictures, under a name of its own.
void AddStart(const EvaluationPlan& plan, Codec& start, const EvaluationTalk& talk, EvaluationResult& result) {
  EvaluationPlan alone = plan;
  alone.peers.clear(), alone.pictures = result.pictures;
  EvaluationResult before = Evaluate(alone, start, talk);
  if (before.pictures.size() < result.pictures.size()) return;
  for (Measurement& m : before.measurements) {
    m.codec = kStart;
    result.measurements.push_back(std::move(m));
  }
  result.interrupted |= before.interrupted;
}

ReportPlan PlanOf(const TrainedRun& run, const TrainingReportPlan& options, const EvaluationResult& result) {
  ReportPlan plan;
  plan.title = "Training of " + options.model;
  plan.lead = Format("%ld steps; the best model is that of step %ld. %zu held-out images.",
                     static_cast<long>(run.steps), static_cast<long>(run.best_step), run.held_out.size());
  plan.threads = options.threads, plan.most_pictures = kMostCompared;
  plan.curves = MeanCurves(result.measurements);
  if (plan.curves.empty()) return plan;
  std::vector<RdCurve> anchors(plan.curves.begin() + 1, plan.curves.end());
  plan.comparisons = CompareAll(plan.curves[0], anchors, result.measurements, result.metrics);
  return plan;
}

Result<Page> Build(const TrainedRun& run, const TrainingReportPlan& options, const EvaluationTalk& talk) {
  ModelStore store(options.model);
  ModelSource source(store);
  AECOMP_ASSIGN_OR_RETURN(Codec * codec, source.Get());
  std::unique_ptr<Codec> start;
  if (!run.start_file.empty()) {
    AECOMP_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModel(run.start_file, kStart));
    start = std::make_unique<Codec>(std::shared_ptr<Model>(std::move(model)));
  }
  EvaluationPlan plan;
  plan.pictures = SourcesOf(run), plan.qualities = kQualities, plan.metrics = kTrainingMetrics;
  plan.threads = options.threads, plan.cache = ResultCache::OfUser();
  AECOMP_ASSIGN_OR_RETURN(FoundPeers found, FindPeers({"avif", "jxl"}));
  plan.peers = std::move(found.peers);
  EvaluationResult result = Evaluate(plan, *codec, talk);
  if (start && !result.pictures.empty() && !result.interrupted) AddStart(plan, *start, talk, result);
  if (result.interrupted) return Status(StatusCode::kInterrupted, "interrupted");
  ReportPlan page_plan = PlanOf(run, options, result);
  if (start) page_plan.contestants.push_back(AecompContestant(kStart, *start));
  AECOMP_ASSIGN_OR_RETURN(Page page, BuildPage(page_plan, result, *codec, plan.cache, talk));
  page.method.insert(page.method.end(), found.problems.begin(), found.problems.end());
  page.method.push_back("Held-out images chose the model among those of the run; judge it with aecomp eval on others.");
  return page;
}

}  // namespace

std::vector<TrainingChart> ChartsOf(const std::string& log) {
  TrainingChart loss{"loss", {{"training", {}}, {"held out, real bytes", {}}}};
  TrainingChart bits = loss, psnr = loss;
  bits.label = "bits per pixel", psnr.label = "PSNR, dB";
  TrainingChart rate{"learning rate", {{"learning rate", {}}}};
  std::istringstream lines(log);
  for (std::string text; std::getline(lines, text);) {
    const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    try {
      const double step = line.value("step", 0.0);
      const auto add = [&](TrainingChart& chart, size_t series, double value) {
        chart.series[series].points.emplace_back(step, value);
      };
      if (line.contains("loss")) {
        add(loss, 0, line.at("loss")), add(bits, 0, line.value("bpp", 0.0)), add(psnr, 0, line.value("psnr", 0.0));
        add(rate, 0, line.value("lr", 0.0));
      }
      if (line.contains("validation_loss")) {
        const json& rows = line.at("validation");
        add(loss, 1, line.at("validation_loss")), add(bits, 1, MeanOf(rows, "bpp")), add(psnr, 1, MeanOf(rows, "psnr"));
      }
    } catch (const json::exception&) {
      continue;
    }
  }
  return {loss, bits, psnr, rate};
}

Status WriteTrainingReport(const TrainedRun& run, const TrainingReportPlan& plan, const EvaluationTalk& talk) {
  Page page;
  if (!run.held_out.empty()) {
    AECOMP_ASSIGN_OR_RETURN(page, Build(run, plan, talk));
  } else {
    page.title = "Training of " + plan.model;
    page.lead =
        Format("%ld steps. No image was held out, so nothing was measured: see --val.", static_cast<long>(run.steps));
    page.metrics = kTrainingMetrics;
  }
  page.training_text = run.start_file.empty()
                           ? "The run began without a trained model, or was resumed: there is no picture from before."
                           : "Compared with the model that the run began with.";
  if (const auto log = ReadFile(run.log); log.ok()) {
    page.charts = ChartsOf(std::string(log.value().begin(), log.value().end()));
  }
  const std::string html = PageHtml(page);
  AECOMP_RETURN_IF_ERROR(
      WriteFileAtomically(plan.page, {reinterpret_cast<const uint8_t*>(html.data()), html.size()}, true));
  if (talk.message) talk.message("report: " + plan.page + ", " + HumanBytes(html.size()) + ", open it in a browser");
  return {};
}

}  // namespace aecomp
