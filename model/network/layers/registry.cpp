#include "model/network/layers/registry.h"

#include <algorithm>
#include <array>

namespace aecomp {
namespace {

const auto& AllTypes() {
  static const std::array types = {
      Conv2dType(),       ConvTranspose2dType(),
      LinearType(),       ReluType(),
      LeakyReluType(),    SigmoidType(),
      TanhType(),         MaxPool2dType(),
      FlattenType(),      ReshapeType(),
      PixelShuffleType(), PixelUnshuffleType(),
      CompandType(),      LapType(),
      AvgPool2dType(),    GdnType(),
      IgdnType(),
  };
  return types;
}

}  // namespace

const LayerType* FindLayerType(const std::string& type) {
  const auto& types = AllTypes();
  const auto found = std::find_if(types.begin(), types.end(), [&](const LayerType& t) { return type == t.type; });
  return found == types.end() ? nullptr : &*found;
}

std::vector<std::string> LayerTypeNames() {
  std::vector<std::string> names;
  for (const LayerType& type : AllTypes()) names.emplace_back(type.type);
  return names;
}

}  // namespace aecomp
