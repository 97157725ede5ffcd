// Which layers integers can run.
#pragma once

#include <string>

#include "io/status.h"
#include "model/integer/integer_layer.h"
#include "model/network/architecture.h"

namespace aecomp {

/// kModel, naming the layer. why: what integers cannot do; so: what follows from it.
Status Unsuitable(const LayerSpec& spec, const std::string& why, const std::string& so);

/// The geometry of a conv2d or conv_transpose2d, without numbers. Fails as Unsuitable where it has groups, an
/// output_padding, or a padding that is not smaller than the kernel of a transposed convolution.
Result<IntegerLayer> IntegerGeometry(const LayerSpec& spec, const std::string& so);

}  // namespace aecomp
