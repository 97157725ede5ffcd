// What an architecture costs, layer by layer, before a weight is made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/network/architecture_check.h"

namespace aecomp {

struct LayerCost {
  LayerReport layer;
  double macs_per_pixel = 0;  ///< multiply-accumulates per pixel of the image
  /// Width of what one element of its output depends on, in pixels of the image: elements of what the network reads
  /// times their stride. Nothing when it sees the whole image.
  std::optional<int64_t> receptive_field;
};

struct NetworkCost {
  std::string role;
  Shape input;
  std::vector<LayerCost> layers;
  int64_t parameters = 0;
  double macs_per_pixel = 0;
};

struct ArchitectureCost {
  Shape image;  ///< what the networks see of it: padded, or one tile
  std::vector<NetworkCost> networks;
  int64_t table_parameters = 0;  ///< gains, steps and tables for each quality: no layer's
  int64_t parameters = 0;        ///< all
  double encode_macs_per_pixel = 0, decode_macs_per_pixel = 0;
  int64_t file_bytes = 0;  ///< weights in f16; a model file adds the prior's integer copy
};

/// kUsage when the networks do not fit `image`.
Result<ArchitectureCost> MeasureArchitecture(const Architecture& architecture, const Shape& image);

struct TrainingMemory {
  Shape batch;             ///< crops of a step
  double activations = 0;  ///< bytes: what every layer keeps for the way back
  double gradients = 0;    ///< bytes: of the activations
  double parameters = 0;   ///< bytes: weights, gradients, two moments of Adam, moving average
  double total() const { return activations + gradients + parameters; }
};

/// An estimate for `batch` crops of `patch` pixels each way (or tiles). oneDNN's own copies of the weights are not in
/// it.
Result<TrainingMemory> EstimateTrainingMemory(const Architecture& architecture, int batch, int patch);

}  // namespace aecomp
