// Probability tables of y that are fitted to pictures.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/base/tensor.h"
#include "model/codec/model_file.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Codes random patches of the images at the qualities of all lambdas and fits the y tables of model.prior to the
/// symbols. It does so twice, since the encoder's choice of symbols depends on the tables. model: of a hyperprior, with
/// architecture, parameters, prior and means.
Status FitTables(Model& model, const Dataset& dataset);

/// The encoder's outputs for `count` random patches: [1, M, h, w] each.
Result<std::vector<Tensor>> SampleLatents(Model& model, const Dataset& dataset, int patch, int count, uint64_t seed);

}  // namespace aecomp
