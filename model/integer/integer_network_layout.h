// Which steps a network becomes, still without their numbers. Making and reading an integer network share this.
#pragma once

#include <vector>

#include "io/status.h"
#include "model/integer/integer_network.h"
#include "model/network/architecture.h"

namespace aecomp {

/// Geometry, names, kinds of outputs and residuals. kModel, naming the layer, for what cannot be run in integers.
Result<std::vector<IntegerStep>> LayOutIntegerNetwork(const Network& network);

}  // namespace aecomp
