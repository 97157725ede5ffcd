// The transform-codec start: an untrained model that already is a block-transform codec.
#pragma once

#include <cstdint>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"
#include "train/optimiser/recipe.h"

namespace aecomp {

/// Random weights with unit gain for every layer; the recipe's block layers as the leading principal components of the
/// data set's blocks (orthonormal, so that y is a transform and its transpose the inverse); per-quality gains of
/// 1/Delta with Delta^2 = 6 C / (ln 2 * 255^2 * lambda), C the channels of the image, where the slopes of a uniform
/// quantiser's rate and distortion meet; log sigma biased to half the log variance of each component. A factorized
/// prior starts with the mean and the spread that every channel has on the data set.
Status InitialiseParameters(const Architecture& architecture, const Recipe& recipe, const Dataset& dataset,
                            uint64_t seed, Parameters& parameters);

}  // namespace aecomp
