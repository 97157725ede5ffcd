// What the output positions of a convolution read, as a matrix: what least squares over its weights need.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/integer/integer_layer.h"

namespace aecomp {

using DoubleMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Output positions that share their taps: all of a convolution, or those of a transposed one that are a stride apart.
struct ConvolutionPhase {
  struct Tap {
    int kernel_y = 0, kernel_x = 0;
    int y = 0, x = 0;  ///< of the input, from `step` times the number of the output position
  };
  int first_y = 0, first_x = 0, every = 1;  ///< output positions: first, first + every, ...
  int step = 1;                             ///< input positions from one of them to the next
  std::vector<Tap> taps;

  int64_t Positions(const Shape& output) const;
};

/// Every output position is in one of them, every weight in one (transposed) or in the only one. A phase has no taps
/// where the kernel of a transposed convolution is smaller than its stride.
std::vector<ConvolutionPhase> PhasesOf(const IntegerLayer& layer);

/// What the positions of a phase read of x, [1, in, h, w]: [positions, taps * in], with 0 outside of x.
std::vector<float> ReadsOf(const IntegerLayer& layer, const ConvolutionPhase& phase, const Tensor& x);
/// The values of y, [1, out, h', w'], at the positions of a phase: [positions, out].
std::vector<float> ValuesAt(const ConvolutionPhase& phase, const Tensor& y);

/// The weights of a phase, [taps * in, out], and back.
DoubleMatrix WeightsOf(const IntegerLayer& layer, const ConvolutionPhase& phase, const Parameter& weight);
void SetWeights(const IntegerLayer& layer, const ConvolutionPhase& phase, const DoubleMatrix& values,
                Parameter& weight);

}  // namespace aecomp
