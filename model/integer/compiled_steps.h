// The steps of an integer network compiled for one size of input. Both runners consist of them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/integer/integer_conv.h"
#include "model/integer/integer_network.h"

namespace aecomp {

struct CompiledStep {
  const IntegerStep& step;
  IntegerConv conv;
  std::vector<float> scale;  ///< of the step, once for each of conv.most_pixels()
};

/// For inputs [h, w, C] and smaller ones. `network` must outlive the result. May throw dnnl::error or std::bad_alloc.
std::vector<CompiledStep> CompileSteps(const IntegerNetwork& network, int h, int w);

/// Gives row y of the input [w, C]; called from several threads.
using FillInput = std::function<void(int y, uint8_t* row)>;

/// Takes some sums of the last step, and the [sums.width] factors that turn them into outputs; called from several
/// threads.
using TakeSums = std::function<void(const IntegerConv::Sums& sums, const float* scale)>;

}  // namespace aecomp
