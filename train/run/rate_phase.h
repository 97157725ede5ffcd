// By which rate a step of training counts bits: that of noise first, that of a file in the end.
#pragma once

#include <memory>
#include <vector>

#include "io/status.h"
#include "train/loss/rate_term.h"
#include "train/run/checkpoint.h"
#include "train/run/validate.h"
#include "train/train_options.h"

namespace aecomp {

enum class RateKind {
  kNoise,               ///< NoiseRate, y rounded to the nearest integer
  kNoiseWithDeadzones,  ///< NoiseRate, y rounded as the encoder does
  kFile                 ///< FileRate
};

/// What the next step is to use. progress: 0 to 1, of the run.
///
/// A model of fewer than 10,000 steps, earlier runs included, does not know its scales yet: deadzones would make its
/// training diverge. Bits are those of a file once noise has nothing more to teach: after options.file_rate of the run,
/// or, when the run began with a trained model, after two validations without a gain. It stays so from then on.
RateKind NextRate(const TrainOptions& options, const TrainState& state, const ValidationHistory& history,
                  double progress);

/// The rate in use.
class RatePhase {
 public:
  RatePhase() = default;

  RateKind kind() const { return kind_; }
  const RateTerm& term() const { return *term_; }

  /// kind: not kFile.
  Status UseNoise(RateKind kind);
  /// y_tables: kYRows rows.
  Status UseFile(const std::vector<FrequencyRow>& y_tables);

 private:
  RateKind kind_ = RateKind::kNoise;
  std::unique_ptr<RateTerm> term_ = MakeNoise();

  static std::unique_ptr<RateTerm> MakeNoise();
};

}  // namespace aecomp
