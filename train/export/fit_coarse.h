// The coarse channels of a model, see model/entropy/coarse.h.
#pragma once

#include "io/status.h"
#include "model/codec/model_file.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Chooses the coarse channels of a model, how their elements are predicted and with which tables they are coded. It
/// makes the cost of random patches at all qualities least: bits plus the price of the errors, as the encoder weighs
/// them. The model must have its tables and means. A model without coarse channels stays as it is.
Status FitCoarse(Model& model, const Dataset& dataset);

}  // namespace aecomp
