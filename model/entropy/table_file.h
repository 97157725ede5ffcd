// Probability tables in a model file: all rows in one tensor, <key>.frequencies, their lengths in another,
// <key>.bounds. Of symmetric rows one half is stored, value 0 first, then the escape symbol.
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

/// The same for rows that need not be symmetric: all of a row, values -bound .. bound, then the escape symbol.
void SaveWholeTables(const std::string& key, const std::vector<FrequencyRow>& rows, SafetensorsWriter& writer);
Result<std::vector<FrequencyRow>> LoadWholeTables(const SafetensorsFile& file, const std::string& key);

}  // namespace aecomp
