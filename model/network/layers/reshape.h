// The layer that reshape and flatten share.
#pragma once

#include <memory>

#include "model/network/layer.h"

namespace aecomp {

/// A layer that keeps the elements of each image in C, H, W order, as PyTorch does, and gives them another shape. Both
/// shapes must have the same batch and number of elements.
std::unique_ptr<Layer> MakeReshape(const Shape& from, const Shape& to);

}  // namespace aecomp
