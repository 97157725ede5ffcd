// Checks whether the networks of an architecture fit each other, for one image; else says why not and what to edit.
#pragma once

#include <optional>
#include <vector>

#include "io/status.h"
#include "model/network/infer_shapes.h"

namespace aecomp {

struct NetworkReport {
  const char* role;        ///< "encoder", "hyper_decoder": the key in the file
  const Network* network;  ///< of the architecture
  Shape input, output;     ///< for one image
  InputOrigin origin;      ///< of the output
  std::vector<LayerReport> layers;
};

/// Every network with the shapes that it gets for `image`, in the order encoder, decoder, hyper_encoder, ... kUsage
/// with the first layer that does not fit, or the first network whose output is not what its reader needs.
Result<std::vector<NetworkReport>> InferNetworks(const Architecture& architecture, const Shape& image);

/// Checks all networks for an image of `image` (default: 256x256, or one tile), and that every image size works after
/// padding, unless the file names a tile. Sets strides and channel counts. kUsage names network and layer.
Status CheckArchitecture(Architecture& architecture, const std::optional<Shape>& image);

/// The shape that the networks see of an image: padded to a multiple of the stride, or one tile of it.
Shape NetworkImage(const Architecture& architecture, const Shape& image);

}  // namespace aecomp
