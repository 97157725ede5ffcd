// The transform-codec start: an untrained model that already is a block-transform codec.
#pragma once

#include <cstdint>

#include "io/status.h"
#include "model/base/parameters.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"
#include "train/optimiser/recipe.h"

namespace aecomp {

/// Sets the parameters of an untrained model:
/// - every layer has random weights with unit gain;
/// - the recipe's block layers are the leading principal components of the data set's blocks. They are orthonormal, so
/// y
///   is a transform and its transpose is the inverse;
/// - the gain of each quality is 1/Delta with Delta^2 = 6 C / (ln 2 * 255^2 * lambda), C the channels of the image:
/// there
///   the slopes of a uniform quantiser's rate and distortion are equal;
/// - log sigma is biased to half the log variance of each component;
/// - a factorized prior has the mean and the spread of every channel on the data set.
/// kUsage when the recipe names block layers of other shapes.
Status InitialiseParameters(const Architecture& architecture, const Recipe& recipe, const Dataset& dataset,
                            uint64_t seed, Parameters& parameters);

}  // namespace aecomp
