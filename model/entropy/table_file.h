// Probability tables in a model file. Frequencies are stored as one half of each (symmetric) row, value 0 first, then
// the escape symbol; all rows in one tensor, <key>.frequencies, their lengths in another, <key>.bounds.
#pragma once

#include <string>
#include <vector>

#include "io/status.h"
#include "model/base/safetensors.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {

void SaveTables(const std::string& key, const std::vector<FrequencyRow>& rows, SafetensorsWriter& writer);

/// kModel names the tensor that is missing or holds what no table can be.
Result<std::vector<FrequencyRow>> LoadTables(const SafetensorsFile& file, const std::string& key);

}  // namespace aecomp
