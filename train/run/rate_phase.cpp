#include "train/run/rate_phase.h"

#include "train/loss/file_rate.h"
#include "train/loss/noise_rate.h"
#include "train/run/provenance.h"

namespace aecomp {
namespace {

constexpr int64_t kDeadzoneSteps = 10000;
/// Validations without a gain: see train/EXPERIMENTS.md.
constexpr int kNoisePatience = 2;

}  // namespace

RateKind NextRate(const TrainOptions& options, const TrainState& state, const ValidationHistory& history,
                  double progress) {
  if (StepsOf(state.history) + state.step < kDeadzoneSteps) return RateKind::kNoise;
  if (options.file_rate >= 1) return RateKind::kNoiseWithDeadzones;
  const bool began = !state.y_tables.empty();
  const bool gains_nothing = state.start != "none" && history.stale() >= kNoisePatience;
  return began || gains_nothing || progress >= options.file_rate ? RateKind::kFile : RateKind::kNoiseWithDeadzones;
}

std::unique_ptr<RateTerm> RatePhase::MakeNoise() { return std::make_unique<NoiseRate>(LatentRounding::Nearest()); }

Status RatePhase::UseNoise(RateKind kind) {
  if (kind == RateKind::kNoise) {
    term_ = MakeNoise();
  } else {
    AECOMP_ASSIGN_OR_RETURN(const CodingTables tables, CodingTables::Create(YFrequencies()));
    term_ = std::make_unique<NoiseRate>(LatentRounding::Deadzones(tables));
  }
  kind_ = kind;
  return {};
}

Status RatePhase::UseFile(const std::vector<FrequencyRow>& y_tables) {
  AECOMP_ASSIGN_OR_RETURN(const CodingTables tables, CodingTables::Create(y_tables));
  term_ = std::make_unique<FileRate>(tables);
  kind_ = RateKind::kFile;
  return {};
}

}  // namespace aecomp
