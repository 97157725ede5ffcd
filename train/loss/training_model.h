// The whole codec as training sees it: rounding replaced by noise (rate) and straight-through rounding (distortion),
// or, towards the end, by differences of what a file has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/rans.h"
#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "model/network/graph.h"
#include "train/loss/step_result.h"

namespace aecomp {

class FactorizedTraining;

struct TrainingNumerics {
  float relu_leak = 0;         ///< see Numerics
  bool fake_quantise = false;  ///< with the rounding of the integer codec, see FakeQuantisation
  bool bfloat16 = false;       ///< see Layer::UseBfloat16
};

class TrainingModel {
 public:
  /// Graphs for batches of [batch, patch, patch, C]; patch must be a multiple of architecture.hyper_stride, or of its
  /// tile.
  static Result<std::unique_ptr<TrainingModel>> Create(const Architecture& architecture, Parameters& parameters,
                                                       int batch, int patch, const TrainingNumerics& numerics = {});
  ~TrainingModel();

  /// x: [N, H, W, C] in [0, 1]; quality: [N] in 1/16 steps (may be fractional); seed: of the noise. Gradients are added
  /// to Parameter::grad. clean: what the distortion is against, as long as x; null: x. first_image: place of x in a
  /// larger batch, whose noise it then sees.
  StepResult ForwardBackward(const float* x, const float* quality, uint64_t seed, const float* clean = nullptr,
                             int64_t first_image = 0);

  /// From now on y is rounded as the encoder does, so that the decoder learns its deadzones, instead of to the nearest
  /// integer. For models that have learned their scales: before that, deadzones swallow what is to be learned.
  void UseDeadzones(bool on);

  /// From now on the loss is that of a file with these tables (kYRows rows), and y is rounded as its encoder does. What
  /// makes z gets a noisy gradient, the analysis none through z. Not of a factorized prior.
  void UseTables(const CodingTables& y_tables);

  /// Parameters of the hyper-encoder, z's gain and its mean. Not of a factorized prior.
  std::vector<std::string> MakersOfZ() const;

  /// ForwardBackward calls `done` with a layer's parameter when its gradient is complete; those of the prior, which no
  /// layer owns, are complete when it returns.
  void OnGradient(const std::function<void(Parameter&)>& done);

  /// For gradient checks: the noise and the rounding of the last ForwardBackward stay as they were, so that the loss
  /// (before UseTables) is a smooth function of the parameters.
  StepResult ForwardFrozen(const float* x, const float* quality, const float* clean = nullptr);

  /// After ForwardBackward: where the first NaN or infinity appeared, as "encoder: output of layer 'a' (conv2d)"; empty
  /// when all activations and their gradients are finite.
  std::string FirstNonFinite() const;

  /// Noise of the last ForwardBackward, what rounding added to y, and the shapes of z and y, for comparisons with other
  /// implementations; of a hyperprior.
  const float* z_noise() const;
  const float* y_noise() const;
  const float* y_offset() const;
  const Shape& z_shape() const;
  const Shape& y_shape() const;

 private:
  TrainingModel();
  struct Impl;
  std::unique_ptr<Impl> impl_;                      // of a hyperprior
  std::unique_ptr<FactorizedTraining> factorized_;  // of a factorized prior
};

/// Adds the parameters that are not layers' (see model/entropy/entropy_parameters.h) where they are missing.
void AddEntropyParameters(const Architecture& architecture, Parameters& parameters);

}  // namespace aecomp
