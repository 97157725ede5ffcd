#include "model/entropy/table_file.h"

#include <algorithm>

#include "io/rans.h"

namespace aecomp {
namespace {

Result<std::vector<int32_t>> LoadAnyLength(const SafetensorsFile& file, const std::string& key) {
  const TensorView* view = file.Find(key);
  if (view == nullptr || view->dims.size() != 1) return ModelError("tensor \"" + key + "\" is missing or not a list");
  return file.ReadIntegers(key, view->dims);
}

}  // namespace

void SaveTables(const std::string& key, const std::vector<FrequencyRow>& rows, SafetensorsWriter& writer) {
  std::vector<int32_t> bounds, halves;
  for (const FrequencyRow& row : rows) {
    const size_t bound = (row.size() - 2) / 2;
    bounds.push_back(static_cast<int32_t>(bound));
    halves.insert(halves.end(), row.begin() + static_cast<std::ptrdiff_t>(bound), row.end());
  }
  writer.AddIntegers(key + ".bounds", {std::ssize(bounds)}, bounds, DType::kI32);
  writer.AddIntegers(key + ".frequencies", {std::ssize(halves)}, halves, DType::kI32);
}

Result<std::vector<FrequencyRow>> LoadTables(const SafetensorsFile& file, const std::string& key) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int32_t> bounds, LoadAnyLength(file, key + ".bounds"));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int32_t> halves, LoadAnyLength(file, key + ".frequencies"));
  std::vector<FrequencyRow> rows;
  size_t at = 0;
  for (int32_t bound : bounds) {
    const size_t count = static_cast<size_t>(std::max(bound, 0)) + 2;  // value 0 .. bound, escape
    if (bound < 1 || bound > CodingTables::kMaxBound || count > halves.size() - at) {
      return ModelError("tensor \"" + key + ".bounds\" does not fit its frequencies");
    }
    FrequencyRow row(static_cast<size_t>(2 * bound + 2));
    for (size_t i = 0; i < count; ++i) {
      const int32_t f = halves[at + i];
      if (f < 1 || f > 0xFFFF) return ModelError("tensor \"" + key + ".frequencies\" holds a frequency out of range");
      row[static_cast<size_t>(bound) + i] = static_cast<uint16_t>(f);
      if (i + 1 < count) row[static_cast<size_t>(bound) - i] = static_cast<uint16_t>(f);
    }
    rows.push_back(std::move(row));
    at += count;
  }
  if (at != halves.size()) return ModelError("tensor \"" + key + ".frequencies\" is longer than its rows");
  return rows;
}

}  // namespace aecomp
