#include "train/run/run_reports.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "train/run/format.h"

namespace aecomp {
namespace {

using nlohmann::json;

std::string RowsText(const std::vector<ValidationRow>& rows) {
  std::string text;
  for (const ValidationRow& row : rows) text += Format("  %.3f bpp %.2f dB", row.bpp, row.psnr);
  return text;
}

std::string DescribeStart(const TrainState& state, const ValidationHistory& history) {
  if (history.first_step() > 0) return "the model of step " + std::to_string(history.first_step());
  if (state.start == "none") return "the untrained start";
  return state.start == "released model" ? "the released model" : state.start;
}

}  // namespace

Status RunReports::OpenLog(const RunSetup& setup, const TrainState& state, bool resume) {
  if (!ranks_.leads()) return {};
  const TrainOptions& options = setup.options;
  const std::string path = setup.options.LogPath();
  AECOMP_RETURN_IF_ERROR(resume ? log_.Resume(path, state.step) : log_.Start(path));
  json line = {{"step", state.step},
               {"start", state.start},
               {"images", setup.images.training.size()},
               {"held_out", setup.images.validation.size()},
               {"seed", state.seed},
               {"threads", options.threads},
               {"settings", json::parse(state.settings)}};
  if (ranks_.several()) line["processes"] = ranks_.count();
  Log(line);
  return {};
}

void RunReports::Log(const json& line) {
  if (!ranks_.leads()) return;
  if (const Status status = log_.Write(line); !status.ok()) Say(status.message());
}

void RunReports::Progress(const TrainProgress& p, double hours, double z_bpp) {
  Log({{"step", p.step},
       {"hours", hours},
       {"loss", p.loss},
       {"bpp", p.bpp},
       {"z_bpp", z_bpp},
       {"psnr", p.psnr},
       {"norm", p.gradient_norm},
       {"lr", p.learning_rate},
       {"images_per_second", p.images_per_second}});
  if (callbacks_.progress) callbacks_.progress(p);
}

void RunReports::Validation(const TrainState& state, const ValidationHistory& history,
                            const std::vector<ValidationRow>& rows, bool best) {
  const double loss = ValidationLoss(rows);
  std::string text = "validation at step " + std::to_string(state.step) + Format(": loss %.4f ", loss);
  text += best ? "(best so far)"
               : "(best: " + Format("%.4f", ValidationLoss(history.best())) + " at step " +
                     std::to_string(history.best_step()) + ")";
  Say(text + RowsText(rows));
  json line = {{"step", state.step},
               {"hours", state.hours},
               {"validation_loss", loss},
               {"best", best},
               {"validation", json::array()}};
  for (const ValidationRow& row : rows)
    line["validation"].push_back(
        {{"quality", row.quality}, {"bpp", row.bpp}, {"psnr", row.psnr}, {"score", row.score}, {"loss", row.loss}});
  Log(line);
}

void RunReports::Summary(const RunSetup& setup, const TrainState& state, const ValidationHistory& history,
                         bool is_stale) const {
  if (is_stale) {
    Say("stopped: no gain of 0.2 % in " + std::to_string(history.stale()) +
        " validations; --patience 0 --resume goes on");
  }
  if (!history.empty()) {
    Say("held out: " + std::to_string(setup.images.validation.size()) + " images, real bytes, against " +
        DescribeStart(state, history));
    Say("before:" + RowsText(history.first()));
    Say("after: " + RowsText(history.best()));
    if (history.best_step() <= history.first_step()) {
      Say("training found nothing better");
    } else {
      if (setup.options.tune == Tune::kVisual) Say(CompareCurves(history.first(), history.best(), Tune::kVisual));
      Say(CompareCurves(history.first(), history.best()));
    }
  }
  const std::string& output = setup.options.output;
  const int64_t step = history.empty() ? state.step : history.best_step();
  Say("model: " + output + ", that of step " + std::to_string(step));
  Say("use it: aecomp compress IMAGE -m " + output + " -o IMAGE.aec; aecomp decompress IMAGE.aec -m " + output);
}

Status RunReports::WritePlot(const RunSetup& setup) const { return log_.WritePlot(setup.options.LogPlotPath()); }

TrainProgress ProgressOf(const RunSetup& setup, const TrainState& state, const ReportWindow& window, double rate,
                         double done, int processes) {
  const TrainOptions& options = setup.options;
  const StepResult mean = window.Mean();
  const double n = window.steps;
  TrainProgress p;
  p.step = state.step, p.total_steps = options.steps;
  p.loss = mean.loss, p.bpp = mean.bpp, p.psnr = -10 * std::log10(mean.mse);
  p.gradient_norm = window.norm / n, p.learning_rate = rate;
  p.images_per_second = n * (options.batch * processes) / window.seconds;
  const double left_by_time = (options.hours - state.hours) * 3600;
  const double left_by_steps = static_cast<double>(options.steps - state.step) * window.seconds / n;
  p.seconds_left = done >= 1            ? 0
                   : options.steps <= 0 ? left_by_time
                   : options.hours <= 0 ? left_by_steps
                                        : std::min(left_by_time, left_by_steps);
  return p;
}

}  // namespace aecomp
