#pragma once

#include "io/status.h"
#include "model/codec/model_file.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Chooses the coarse channels of a model, how their elements are predicted and with which tables they are coded, from
/// random patches of the images at all qualities: so that bits plus what errors are worth, as the encoder weighs them,
/// are fewest. The tables and means of the model must be there. Leaves a model without such channels as it is.
Status FitCoarse(Model& model, const Dataset& dataset);

}  // namespace aecomp
