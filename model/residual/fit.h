// The encoder's choice of the weights of a tile: least squares over its samples. Decoders read the result.
#pragma once

#include <vector>

#include "model/residual/prediction.h"
#include "model/residual/samples.h"

namespace aecomp::residual {

/// A model for each channel. base: null where there is none. step: 2E + 1. skip_repeats: leave out pixels that equal a
/// neighbour, since PixelMatch codes them.
std::vector<ChannelModel> FitModels(const Samples& samples, const Samples* base, int step, bool skip_repeats);

}  // namespace aecomp::residual
