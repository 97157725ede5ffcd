// Fake quantisation of what a convolution reads, for training (Jacob et al., "Quantization and Training of Neural
// Networks for Efficient Integer-Arithmetic-Only Inference", arXiv:1712.05877). No layer of architecture files: a Graph
// inserts it.
#pragma once

#include <memory>

#include "model/network/layer.h"

namespace aecomp {

/// y = x rounded to a multiple of 1.4 * most / 127, or of 1.4 * most / 255 where `relu` says that x has no negative
/// values: the steps of an IntegerNetwork whose calibration saw `most`, here the largest magnitude in x. The gradient
/// passes as it is.
std::unique_ptr<Layer> MakeFakeQuantise(const Shape& shape, bool relu);

}  // namespace aecomp
