// The probability tables of y as pictures use them.
#pragma once

#include <cstdint>
#include <vector>

#include "io/status.h"
#include "model/base/tensor.h"
#include "model/codec/model_file.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Codes random patches of the images at all qualities of the architecture's lambdas and fits the y tables of
/// model.prior to what occurs; twice, since the encoder's choice of symbols follows the tables. model: of a hyperprior;
/// architecture, parameters, prior and means are read.
Status FitTables(Model& model, const Dataset& dataset);

/// The encoder's output for `count` random patches. [1, M, h, w] each
Result<std::vector<Tensor>> SampleLatents(Model& model, const Dataset& dataset, int patch, int count, uint64_t seed);

}  // namespace aecomp
