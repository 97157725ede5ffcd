// From parameters in training to a model that codes.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"

namespace aecomp {

/// The bytes of a usable model. Parameters are rounded to f16. Encoder and decoder that can run in integers are rounded
/// for that: see RoundNetwork. A hyperprior is quantised with the ranges of activations on random patches of the data
/// set. A factorized prior gets the tables that code such patches in the fewest bits. kModel when a number is not
/// finite.
Result<std::vector<uint8_t>> ExportModel(const Architecture& architecture, const Parameters& parameters,
                                         const Dataset& dataset, const std::string& provenance);

}  // namespace aecomp
