// Weights of a convolution that a sum of integers comes nearest to.
#pragma once

#include <span>
#include <vector>

#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/integer/integer_layer.h"
#include "train/export/convolution_reads.h"

namespace aecomp {

/// Most steps of a weight either way: what the integers of a layer hold, see IntegerLayer::weight.
inline constexpr double kWeightSteps = 63;

/// Rounds rows of weights, the last one first, each row with the steps of its column: `unit`. Every row makes good what
/// the rows before it lost, as far as what is read lets it: Babai's nearest plane, which is GPTQ (arXiv:2210.17323)
/// in the opposite order (arXiv:2507.18553). weights: [d, out]. upper: [d, d], an upper triangle (what is below the
/// diagonal is not read); the squared norm of upper * e is what an error e of one column costs. peak: per column the
/// row that gets kWeightSteps steps whatever it costs (-1: none), so that the largest weight of the column tells its
/// unit.
DoubleMatrix RoundInTurn(const DoubleMatrix& upper, const DoubleMatrix& weights, const std::vector<double>& unit,
                         const std::vector<Eigen::Index>& peak);

/// Fits the weights of a layer so that it makes of `read` what comes nearest to `wanted`, and rounds them in turn.
/// Where the layer has a bias, a constant of each output channel does not count as an error: it is the bias that takes
/// it up. Weights stay near the old ones where the inputs do not tell. The unit of an output channel is the largest of
/// its weights / kWeightSteps, before and after rounding to f16 as well. read: [1, in, h, w] each, as the integers have
/// it; wanted: [1, out, h', w'] each; all of `read` of one shape.
void RoundWeights(const IntegerLayer& layer, bool has_bias, std::span<const Tensor> read,
                  std::span<const Tensor> wanted, Parameter& weight);

}  // namespace aecomp
