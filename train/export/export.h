// From parameters in training to a model that codes.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/network/architecture.h"
#include "train/data/dataset.h"

namespace aecomp {

/// Width of the patches that ExportModel looks at; images should have as much.
int CalibrationPatchSize(const Architecture& architecture);

/// The bytes of a usable model: parameters rounded to f16, the integer prior quantised with activation ranges seen on
/// random patches of the data set, or a factorized prior's tables chosen by what codes such patches in the fewest bits.
Result<std::vector<uint8_t>> ExportModel(const Architecture& architecture, const Parameters& parameters,
                                         const Dataset& dataset, const std::string& provenance);

}  // namespace aecomp
