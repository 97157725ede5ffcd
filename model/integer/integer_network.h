// A chain of convolutions and residual blocks on integers: what the deep paths of analysis and synthesis run as.
//
// Convolutions read u8 and multiply by 7-bit weights (see integer_conv.h). A value to which a residual block adds is
// kept as int16 as well, since 8 bits would lose too much of the sum. One multiplication in f32 turns the sums of a
// convolution into its output: sums are below 2^24, so they are exact in f32, every processor rounds a single product
// correctly (IEEE 754), and so it does when it rounds the product to an integer (half to even). No other
// floating-point operation takes part, so results are equal everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/base/tensor.h"
#include "model/integer/integer_layer.h"
#include "model/network/architecture.h"

namespace aecomp {

/// One convolution with what happens to its sums.
struct IntegerStep {
  enum class Output {
    kRelu,    ///< u8, 0 means 0
    kStream,  ///< int16, and u8 for the next convolution, where 128 means 0
    kLast     ///< sums times scale, in the units of the float network
  };
  std::string name;
  IntegerLayer layer;  ///< multiplier and shift are not used
  int zero_point = 0;  ///< of the u8 that it reads
  Output output = Output::kLast;
  int residual = -1;         ///< kStream: the step whose int16 is added; -1: none
  std::vector<float> scale;  ///< [out] unit of the output for one of the sums
  float narrow = 0;          ///< kStream: steps of the u8 for one of the int16
};

/// What the u8 input of a network means: (u - zero) * scale * channels[c] + offset.
struct IntegerInput {
  double scale = 1;
  int zero = 128;
  double offset = 0;
  std::span<const float> channels = {};  ///< empty: 1 each
};

class IntegerNetwork {
 public:
  /// Largest magnitude of the input and of what each step gives (with the sum that it is part of), over float inputs
  /// [1, C, h, w]. kModel, naming the layer, when the network is no chain of conv2d, conv_transpose2d (without groups),
  /// relu and sums of a branch with its own input.
  static Result<std::vector<float>> FindRanges(const Network& network, Parameters& parameters,
                                               std::span<const Tensor> calibration);

  /// Equal arguments give equal integers on every machine. Fails as FindRanges, and for ranges that do not fit.
  static Result<IntegerNetwork> Create(const Network& network, const Parameters& parameters, const IntegerInput& input,
                                       std::span<const float> ranges);

  const std::vector<IntegerStep>& steps() const { return steps_; }

  /// The network in plain loops, for tests. x: u8 [h, w, C]; returns sums times scale [h', w', C'].
  std::vector<float> RunScalar(const uint8_t* x, int h, int w) const;

 private:
  std::vector<IntegerStep> steps_;
};

}  // namespace aecomp
