// The codec with a hyperprior as training sees it. One step:
//
//   x --encoder--> a, companded --hyper_encoder--> z --rounded, hyper_decoder--> features, mean, log sigma
//                        |                                                               |
//                        +--> y <------ quality of every position (QualityMap) ----------+
//                        |                                                               |
//                        +--> first half of y^ ----------context networks----------------+--> mean of the second half
//                        |                                                               |
//                        +--> symbols, bits (RateTerm) <---------------------------------+
//                        +--> y^ * step --decoder--> decoded crop, loss (RateDistortionLoss)
//
// and back through the same stages in the opposite order. The networks are in prior_networks.h, all that is between
// them in latent_stages.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "train/loss/fake_quantisation.h"
#include "train/loss/prior_networks.h"
#include "train/loss/prior_tables.h"
#include "train/loss/rate_distortion.h"
#include "train/loss/tiled_network.h"
#include "train/loss/training_model.h"

namespace aecomp {

class HyperpriorTraining final : public TrainingModel {
 public:
  /// images: [N, H, W, C] of a batch. See TrainingModel::Create.
  static Result<std::unique_ptr<TrainingModel>> Create(const Architecture& architecture, Parameters& parameters,
                                                       const Shape& images, const TrainingModelOptions& options);

  StepResult ForwardBackward(const TrainingBatch& batch, const RateTerm& rate, Draws* drawn) override;
  StepResult Forward(const TrainingBatch& batch, const RateTerm& rate, const Draws* repeated) override;
  void OnGradient(const std::function<void(Parameter&)>& done) override;
  std::string FirstNonFinite() const override;

 private:
  struct Networks {
    std::unique_ptr<TiledNetwork> encoder, decoder;
    std::unique_ptr<PriorNetworks> prior;
  };
  /// Values of the forward stages. Graphs read some of them again on the way back.
  struct Pass;

  HyperpriorTraining(const Architecture& architecture, Parameters& parameters, const Shape& images, Networks networks,
                     std::optional<FakeQuantisation> rounding, const TrainingModelOptions& options);

  Pass RunForward(const TrainingBatch& batch, const RateTerm& rate, const Draws* repeated, bool with_gradient);
  void PredictLatents(const TrainingBatch& batch, const RateTerm& rate, const Draws* repeated, const float* analysed,
                      Pass& pass);
  void PlaceQualities(const Draws* repeated, Pass& pass) const;
  void RunBackward(const Pass& pass, bool analysis_learns_from_z);

  Parameters& parameters_;
  const Shape images_;
  const Networks networks_;
  const Shape y_shape_, z_shape_;
  std::optional<FakeQuantisation> rounding_;
  HyperpriorTables tables_;
  const QualityMap map_;
  RateDistortionLoss loss_;
};

}  // namespace aecomp
