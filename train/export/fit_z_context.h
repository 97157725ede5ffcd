// The tables of z by context, see model/entropy/z_context.h.
#pragma once

#include "io/status.h"
#include "model/codec/model_file.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Counts z of random patches at the qualities of all lambdas in each context, and gives contexts whose counts are
/// alike a table together: k-means, where a context's distance from a table is the bits that its symbols cost there.
/// The model must have its parameters and prior. A model of one image size stays without: its tiles are too small.
Status FitZContext(Model& model, const Dataset& dataset);

}  // namespace aecomp
