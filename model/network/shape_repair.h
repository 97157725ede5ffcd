// Finds edits after which a network gives the wanted shape.
#pragma once

#include <string>

#include "model/network/infer_shapes.h"

namespace aecomp {

struct Repair {
  std::string edit;  ///< `set "output_padding" of layer 'dec.0' (conv_transpose2d) to 1`; empty: no single edit helps
  std::string why;   ///< how that layer computes its size: "'dec.0' gives 27 = (14 - 1)*2 - 2*1 + 3 + 0"
};

/// Tries output_padding (of one layer, then of all), then padding, kernel and stride of each convolution, last layer
/// first. Only the size (H, W) is repaired. Bounded work: large networks are searched in part.
Repair RepairSize(const Network& network, const Shape& input, const Shape& wanted);

}  // namespace aecomp
