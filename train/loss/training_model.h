// The whole codec as training sees it: from a batch to the loss and its gradients.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/entropy/quality_map.h"
#include "model/network/architecture.h"
#include "train/loss/distortion.h"
#include "train/loss/rate_term.h"
#include "train/loss/training_batch.h"

namespace aecomp {

struct TrainingModelOptions {
  float relu_leak = 0;         ///< see Numerics
  bool fake_quantise = false;  ///< with the rounding of the integer codec, see FakeQuantisation
  bool bfloat16 = false;       ///< see Layer::UseBfloat16
  DistortionFactory distortion = SquaredError::Make;
  QualityMap map = {};  ///< of a hyperprior: what qualities the positions of a crop have; empty: that of the crop
};

/// What is random or rounded in a pass over a batch. A pass that repeats the draws of another one has a loss that is a
/// smooth function of the parameters (with NoiseRate), which gradient checks need.
struct Draws {
  Shape y_shape, z_shape;  ///< of the batch; z_shape is empty with a factorized prior
  /// Symbol minus residual, and noise: [y].
  AlignedBuffer<float> y_offset, y_noise;
  AlignedBuffer<float> first_offset;       ///< [y]: as y_offset, of the first half before the context is known
  AlignedBuffer<float> z_offset, z_noise;  ///< [z]
  std::vector<int8_t> quality_steps;       ///< [N, h, w] of y, see ChooseQualities; empty without a map
};

class TrainingModel {
 public:
  /// For batches of [batch, patch, patch, C]; patch must be a multiple of CropUnit. Adds the parameters of all layers
  /// and of the prior where they are missing, and clears their gradients. `architecture` and `parameters` must outlive
  /// the model.
  static Result<std::unique_ptr<TrainingModel>> Create(const Architecture& architecture, Parameters& parameters,
                                                       int batch, int patch, const TrainingModelOptions& options = {});
  virtual ~TrainingModel() = default;

  /// Adds the gradients of the loss to Parameter::grad. rate: of a hyperprior; a factorized prior has a rate of its
  /// own. drawn: gets the draws of this pass unless it is null.
  virtual StepResult ForwardBackward(const TrainingBatch& batch, const RateTerm& rate, Draws* drawn = nullptr) = 0;

  /// The loss alone. repeated: draws of an earlier pass that this one repeats; null: it draws anew.
  virtual StepResult Forward(const TrainingBatch& batch, const RateTerm& rate, const Draws* repeated = nullptr) = 0;

  /// From now on ForwardBackward calls `done` with a layer's parameter when its gradient is complete. Gradients of the
  /// prior's own parameters, which no layer has, are complete when ForwardBackward returns.
  virtual void OnGradient(const std::function<void(Parameter&)>& done) = 0;

  /// Where the first NaN or infinity of the last pass appeared, as "encoder: output of layer 'a' (conv2d)"; empty when
  /// all activations and their gradients are finite.
  virtual std::string FirstNonFinite() const = 0;
};

/// Names of the parameters that make z: those of the hyper-encoder, z's gain and its mean. Of a hyperprior.
std::vector<std::string> MakersOfZ(const Architecture& architecture, const Parameters& parameters);

}  // namespace aecomp
