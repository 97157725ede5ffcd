// All layer types. A new layer is a file of its own that defines one of these functions, and one line each here and
// in registry.cpp.
#pragma once

#include "model/network/layer.h"

namespace aecomp {

LayerType AvgPool2dType();
LayerType CompandType();
LayerType Conv2dType();
LayerType ConvTranspose2dType();
LayerType GdnType();
LayerType IgdnType();
LayerType LapType();
LayerType LinearType();
LayerType ReluType();
LayerType LeakyReluType();
LayerType SigmoidType();
LayerType TanhType();
LayerType MaxPool2dType();
LayerType FlattenType();
LayerType ReshapeType();
LayerType PixelShuffleType();
LayerType PixelUnshuffleType();

}  // namespace aecomp
