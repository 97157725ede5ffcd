// Which steps a network becomes, without numbers; shared by what makes and what reads them.
#pragma once

#include <vector>

#include "io/status.h"
#include "model/integer/integer_network.h"
#include "model/network/architecture.h"

namespace aecomp {

/// Geometry, names, kinds of outputs and residuals. kModel, naming the layer, for what cannot be run in integers.
Result<std::vector<IntegerStep>> LayOutIntegerNetwork(const Network& network);

}  // namespace aecomp
