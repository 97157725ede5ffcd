#include "train/run/run_export.h"

#include <nlohmann/json.hpp>

#include "train/export/export.h"
#include "train/run/format.h"
#include "train/run/provenance.h"

#ifndef AECOMP_COMMIT
#define AECOMP_COMMIT "unknown"
#endif

namespace aecomp {
namespace {

using nlohmann::json;

json FolderNames(const std::vector<std::string>& folders) {
  json names = json::array();
  for (std::string name : folders) {
    while (name.size() > 1 && name.back() == '/') name.pop_back();
    names.push_back(FileName(name));
  }
  return names;
}

}  // namespace

Result<std::vector<uint8_t>> ExportRun(const RunSetup& setup, const TrainState& state, const Schedule& schedule,
                                       RateKind rate, const Adam& adam, const Ranks& ranks) {
  const TrainOptions& o = setup.options;
  json run = {{"data", FolderNames(o.folders)},
              {"images", setup.images.training.size()},
              {"batch", o.batch * ranks.count()},
              {"patch", o.patch},
              {"learning_rate", schedule.peak},
              {"seed", state.seed},
              {"steps", state.step},
              {"pixels", state.pixels},
              {"start", state.start},
              {"tune", TuneName(o.tune)},
              {"commit", AECOMP_COMMIT}};
  if (o.tune == Tune::kVisual) {
    const DistortionWeights& w = setup.recipe.distortion;
    run["distortion"] = {{"squared_error", w.squared_error}, {"ms_ssim", w.ms_ssim}, {"smooth_edges", w.smooth_edges}};
  }
  if (o.bfloat16) run["bfloat16"] = true;
  if (o.noise > 0) run["noise"] = o.noise;
  if (schedule.Reached(o.fake_quantise, state.step, state.hours)) run["fake_quantise"] = o.fake_quantise;
  if (rate == RateKind::kFile) run["file_rate"] = o.file_rate;
  if (o.hours > 0) run["hours"] = state.hours;  // otherwise equal runs give equal files
  Parameters average;
  adam.CopyAverage(average);
  return ExportModel(setup.architecture, average, setup.images.training, ProvenanceAfter(state.history, run));
}

}  // namespace aecomp
