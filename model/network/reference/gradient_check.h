// The gradients of a whole network, checked twice: the chain rule over the reference layers against finite differences
// of their forward pass, and the graph that trains against the chain rule.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"

namespace aecomp::reference {

struct LayerGradients {
  std::string name, type;
  double reference_error = 0;  ///< double precision against finite differences, relative to the norm of the gradient
  double graph_error = 0;      ///< single precision against double, every element, relative to the largest
};

struct GradientReport {
  std::vector<LayerGradients> layers;  ///< those with parameters
  std::vector<std::string> unreached;  ///< parameters whose gradient is zero everywhere
  double input_error = 0;              ///< graph_error of the gradient of the input
  double worst_reference = 0, worst_graph = 0;
};

/// Fills every parameter of the network with random values of about unit gain a layer.
Status FillParameters(const Network& network, const Shape& input, unsigned seed, Parameters& parameters);

/// Forward and backward at a random input and with a random gradient of the output. Of each parameter a random
/// direction and its element of largest gradient are checked by central differences. kUsage when the network does not
/// fit.
Result<GradientReport> CheckGradients(const Network& network, const Shape& input, unsigned seed,
                                      Parameters& parameters);

}  // namespace aecomp::reference
