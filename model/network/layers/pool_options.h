// Options, checks and shapes that max_pool2d and avg_pool2d share.
#pragma once

#include "io/status.h"
#include "model/base/onednn.h"
#include "model/network/layer.h"

namespace aecomp {

Result<LayerInfo> InferPool(const LayerSpec& spec, const Shape& input);

/// Of a layer that InferPool accepted.
onednn::PoolingProblem PoolProblem(const LayerSpec& spec, const Shape& input);

}  // namespace aecomp
