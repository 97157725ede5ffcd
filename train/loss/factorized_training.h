// The codec with a factorized prior as training sees it. No network predicts anything: every channel of y is taken for
// a logistic around a mean, with a scale for each quality.
//
// Notation: a is the output of the analysis, r = (a - mean) * gain, k = round(r), y^ = k * step + mean. Gradients pass
// the rounding straight through: k moves with r. All arrays are channels-last.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/network/architecture.h"
#include "train/loss/rate_distortion.h"
#include "train/loss/tiled_network.h"
#include "train/loss/training_model.h"

namespace aecomp {

class FactorizedTraining final : public TrainingModel {
 public:
  /// images: [N, H, W, C] of a batch. See TrainingModel::Create.
  static Result<std::unique_ptr<TrainingModel>> Create(const Architecture& architecture, Parameters& parameters,
                                                       const Shape& images, const TrainingModelOptions& options);

  /// The rate is always that of latents with uniform noise, whatever the argument is.
  StepResult ForwardBackward(const TrainingBatch& batch, const RateTerm&, Draws* drawn) override;
  StepResult Forward(const TrainingBatch& batch, const RateTerm&, const Draws* repeated) override;
  void OnGradient(const std::function<void(Parameter&)>& done) override;
  std::string FirstNonFinite() const override;

 private:
  /// Values of a forward pass; y_offset and y_noise of the draws alone are used.
  struct Pass;
  /// The prior's numbers for one crop, and their gradients.
  struct Scales;
  struct ScaleGradients;

  FactorizedTraining(const Architecture& architecture, Parameters& parameters, const Shape& images,
                     std::unique_ptr<TiledNetwork> encoder, std::unique_ptr<TiledNetwork> decoder,
                     const DistortionFactory& distortion);

  Pass RunForward(const TrainingBatch& batch, const Draws* repeated, bool with_gradient);
  void ForwardCrop(size_t n, const float* latent, const TrainingBatch& batch, const Draws* repeated, Pass& pass) const;
  void RunBackward(const Pass& pass);
  void BackwardCrop(size_t n, const Pass& pass, const float* d_decoder_input, float* d_latent,
                    ScaleGradients& gradients) const;
  size_t CropSize() const { return static_cast<size_t>(y_shape_.size() / y_shape_.n); }

  const Architecture& architecture_;
  Parameter &log_gain_, &log_step_, &log_scale_, &mean_;
  const Shape images_;
  const std::unique_ptr<TiledNetwork> encoder_, decoder_;
  const Shape y_shape_;
  RateDistortionLoss loss_;
};

}  // namespace aecomp
