#include "model/codec/image_transform.h"

#include "model/codec/tile_transform.h"
#include "model/codec/window_transform.h"

namespace aecomp {

std::unique_ptr<ImageTransform> MakeImageTransform(Model& model, bool integer) {
  if (model.architecture.tile != 0) return std::make_unique<TileTransform>(model);
  return std::make_unique<WindowTransform>(model, integer);
}

}  // namespace aecomp
