// Which steps a network becomes, without numbers; shared by what makes and what reads them.
#pragma once

#include <vector>

#include "io/status.h"
#include "model/architecture.h"
#include "model/integer_network.h"

namespace aecomp {

/// Geometry, names, kinds of outputs and residuals. kModel, naming the layer, for what cannot be run in integers.
Result<std::vector<IntegerStep>> LayOutIntegerNetwork(const Network& network);

}  // namespace aecomp
