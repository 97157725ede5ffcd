#include "train/loss/training_model.h"

#include "model/network/infer_shapes.h"
#include "train/loss/factorized_training.h"
#include "train/loss/hyperprior_training.h"
#include "train/loss/tiled_network.h"

namespace aecomp {

Result<std::unique_ptr<TrainingModel>> TrainingModel::Create(const Architecture& architecture, Parameters& parameters,
                                                             int batch, int patch,
                                                             const TrainingModelOptions& options) {
  AECOMP_RETURN_IF_ERROR(CheckPatch(architecture, patch));
  const Shape images{batch, architecture.image_channels, patch, patch};
  if (architecture.prior == PriorType::kFactorized)
    return FactorizedTraining::Create(architecture, parameters, images, options);
  return HyperpriorTraining::Create(architecture, parameters, images, options);
}

std::vector<std::string> MakersOfZ(const Architecture& architecture, const Parameters& parameters) {
  std::vector<std::string> names = {"log_z_gain", "z_mean"};
  const Architecture& a = architecture;
  const int side = a.tile != 0 ? a.tile_rows : a.hyper_stride / a.latent_stride;
  const auto layers = InferShapes(a.hyper_encoder, {1, a.latent_channels, side, side});
  for (const LayerReport& layer : layers.value()) {
    for (const char* kind : {".weight", ".bias"}) {
      if (parameters.Find(layer.name + kind) != nullptr) names.push_back(layer.name + kind);
    }
  }
  return names;
}

}  // namespace aecomp
