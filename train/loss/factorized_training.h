// The codec with a factorized prior as training sees it. No network predicts anything: every channel of y is taken for
// a logistic around a mean, whose scale is a number for each quality.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/network/architecture.h"
#include "train/loss/quality_tables.h"
#include "train/loss/step_result.h"
#include "train/loss/tiled_network.h"

namespace aecomp {

class FactorizedTraining {
 public:
  /// See TrainingModel.
  static Result<std::unique_ptr<FactorizedTraining>> Create(const Architecture& architecture, Parameters& parameters,
                                                            int batch, int patch, const Numerics& numerics);
  /// target: what the distortion is against, as long as x.
  StepResult ForwardBackward(const float* x, const float* target, const float* quality, uint64_t seed,
                             int64_t first_image);
  void OnGradient(const std::function<void(Parameter&)>& done);
  StepResult ForwardFrozen(const float* x, const float* target, const float* quality);
  std::string FirstNonFinite() const;

 private:
  FactorizedTraining() = default;
  struct PerImage {
    Position position;
    std::vector<float> gain, step, log_scale;
    std::vector<double> d_gain, d_step, d_scale, d_mean;  // of the logs, but the mean
    double bits = 0, squared_error = 0;
    float d_bits = 0, d_squared_error = 0;  // of the loss
  };

  StepResult Forward(const float* x, const float* target, const float* quality, const uint64_t* seed);
  void ForwardLatent(int n, PerImage& p, const float* latent, const uint64_t* seed);
  StepResult Loss(const float* target, const float* quality);
  void Backward(const float* target);
  void BackwardLatent(int n, PerImage& p);

  const Architecture* architecture_ = nullptr;
  Parameter *log_gain_ = nullptr, *log_step_ = nullptr, *log_scale_ = nullptr, *mean_ = nullptr;
  int batch_ = 0;
  int64_t first_image_ = 0;  // of this batch in a larger one
  Shape image_, y_shape_;
  std::unique_ptr<TiledNetwork> encoder_, decoder_;
  std::vector<PerImage> images_;
  AlignedBuffer<float> x0_, d_image_;              // [image]; x0: image - 1/2
  AlignedBuffer<float> r_, offset_, noise_;        // [y]: (a - mean) * gain; round(r) - r; uniform
  AlignedBuffer<float> noisy_, scales_;            // [y]: r + noise; log scale of each element
  AlignedBuffer<float> decoder_input_, d_latent_;  // [y]
  AlignedBuffer<float> d_r_, d_scales_;            // [y]: gradients of the bits
  const float* restored_ = nullptr;                // [image]: what the decoder gave
};

}  // namespace aecomp
