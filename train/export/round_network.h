// A network whose integers come nearer to its floats, at the same speed.
#pragma once

#include <span>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/network/architecture.h"

namespace aecomp {

/// What the integers of a network read: values as they are (pixels), or rounded to 8 bits of one range.
enum class ReadAs { kExact, kRounded };

/// Changes weights and biases of a chain of convolutions that is to run as an IntegerNetwork, so that its integers
/// differ less from what its floats gave before. Rounding each weight to the nearest instead leaves a pattern of the
/// side of a block in every picture.
///
/// 1. Channels between two layers with a relu are scaled to the same largest value (arXiv:1906.04721, section 4.1), if
///    the inputs switch them on at all.
/// 2. Each range becomes the one at which rounding and clipping together cost least.
/// 3. Layer after layer, weights are fitted to what the rounded layers before give, and rounded: see RoundWeights.
/// 4. Biases take up the mean of what is left.
///
/// inputs: [1, C, h, w], all of one shape, of the kind that the network is for. The fit is as good as they are many:
/// some 16,000 output positions of each layer suffice for 3,000 weights per output. Returns the ranges that
/// IntegerNetwork::Create takes. kModel as IntegerNetwork::FindRanges, and when a parameter is not finite: then nothing
/// has changed. kModel too when a result is not finite; then the parameters are of no use.
Result<std::vector<float>> RoundNetwork(const Network& network, Parameters& parameters, std::span<const Tensor> inputs,
                                        ReadAs read_as);

}  // namespace aecomp
