// How good a model is in real bytes, and what validations of a run so far say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/model_file.h"
#include "train/data/training_images.h"
#include "train/loss/distortion.h"
#include "train/train_options.h"

namespace aecomp {

struct ValidationRow {
  int quality = 0;           ///< in 1/16 steps
  double bpp = 0, psnr = 0;  ///< means over images; real bytes, PSNR of the decoded image
  double loss = 0;           ///< mean over images of what training minimises, with real bytes: see StepResult
  double score = 0;          ///< mean over images of -10 log10(distortion), in dB: the PSNR of a run for PSNR
};

/// Compresses and decompresses every image at every quality. distortion: what the loss and the score count, with
/// squared errors that count alike everywhere. map: what qualities positions have.
Result<std::vector<ValidationRow>> Validate(std::shared_ptr<Model> model, const std::vector<ValidationImage>& images,
                                            const std::vector<int>& qualities, const DistortionFactory& distortion,
                                            const QualityMap& map);

/// Five, evenly over the axis.
std::vector<int> ValidationQualities(int max_quality);

/// What decides which model is kept and when training stops: the mean of the rows' losses.
double ValidationLoss(const std::vector<ValidationRow>& rows);

/// The validations of a run, across interruptions.
class ValidationHistory {
 public:
  /// A gain in loss below this share of it does not count as one when the run's patience is measured.
  static constexpr double kWorthIt = 0.002;

  /// Takes the rows of a validation. Returns whether they are the best so far.
  bool Add(int64_t step, const std::vector<ValidationRow>& rows);

  bool empty() const { return first_.empty(); }
  const std::vector<ValidationRow>& first() const { return first_; }
  const std::vector<ValidationRow>& best() const { return best_; }
  int64_t first_step() const { return first_step_; }
  int64_t best_step() const { return best_step_; }
  int64_t last_step() const { return last_step_; }
  /// Validations since one that was better by kWorthIt than the one before it that was.
  int stale() const { return stale_; }

  std::string ToJson() const;
  /// False when `text` is not what ToJson gives.
  bool Parse(const std::string& text);

 private:
  std::vector<ValidationRow> first_, best_;
  int64_t first_step_ = 0, best_step_ = 0, last_step_ = -1;
  double mark_ = 0;  // the loss that has to be bettered by kWorthIt
  int stale_ = 0;
};

/// One line: the rate of `after` relative to that of `before` (Bjontegaard) at equal PSNR, or for Tune::kVisual at
/// equal score, over the range that both curves cover; or why there is no such number.
std::string CompareCurves(const std::vector<ValidationRow>& before, const std::vector<ValidationRow>& after,
                          Tune tune = Tune::kPsnr);

}  // namespace aecomp
