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

/// stored(row): how many entries of a row are stored, which are its last ones.
template <class Stored>
void Save(const std::string& key, const std::vector<FrequencyRow>& rows, SafetensorsWriter& writer, Stored stored) {
  std::vector<int32_t> bounds, entries;
  for (const FrequencyRow& row : rows) {
    bounds.push_back(static_cast<int32_t>((row.size() - 2) / 2));
    entries.insert(entries.end(), row.end() - static_cast<std::ptrdiff_t>(stored(row)), row.end());
  }
  writer.AddIntegers(key + ".bounds", {std::ssize(bounds)}, bounds, DType::kI32);
  writer.AddIntegers(key + ".frequencies", {std::ssize(entries)}, entries, DType::kI32);
}

/// stored(bound): how many entries of a row are stored; the others, before them, are left 0.
template <class Stored>
Result<std::vector<FrequencyRow>> Load(const SafetensorsFile& file, const std::string& key, Stored stored) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int32_t> bounds, LoadAnyLength(file, key + ".bounds"));
  AECOMP_ASSIGN_OR_RETURN(const std::vector<int32_t> entries, LoadAnyLength(file, key + ".frequencies"));
  std::vector<FrequencyRow> rows;
  size_t at = 0;
  for (const int32_t bound : bounds) {
    const size_t count = stored(static_cast<size_t>(std::max(bound, 0)));
    if (bound < 1 || bound > CodingTables::kMaxBound || count > entries.size() - at) {
      return ModelError("tensor \"" + key + ".bounds\" does not fit its frequencies");
    }
    FrequencyRow row(2 * static_cast<size_t>(bound) + 2);
    for (size_t i = 0; i < count; ++i) {
      const int32_t f = entries[at + i];
      if (f < 1 || f > 0xFFFF) return ModelError("tensor \"" + key + ".frequencies\" holds a frequency out of range");
      row[row.size() - count + i] = static_cast<uint16_t>(f);
    }
    rows.push_back(std::move(row));
    at += count;
  }
  if (at != entries.size()) return ModelError("tensor \"" + key + ".frequencies\" is longer than its rows");
  return rows;
}

}  // namespace

void SaveTables(const std::string& key, const std::vector<FrequencyRow>& rows, SafetensorsWriter& writer) {
  Save(key, rows, writer, [](const FrequencyRow& row) { return row.size() / 2 + 1; });
}

Result<std::vector<FrequencyRow>> LoadTables(const SafetensorsFile& file, const std::string& key) {
  AECOMP_ASSIGN_OR_RETURN(std::vector<FrequencyRow> rows, Load(file, key, [](size_t bound) { return bound + 2; }));
  for (FrequencyRow& row : rows) {
    const size_t bound = (row.size() - 2) / 2;
    for (size_t v = 1; v <= bound; ++v) row[bound - v] = row[bound + v];
  }
  return rows;
}

void SaveWholeTables(const std::string& key, const std::vector<FrequencyRow>& rows, SafetensorsWriter& writer) {
  Save(key, rows, writer, [](const FrequencyRow& row) { return row.size(); });
}

Result<std::vector<FrequencyRow>> LoadWholeTables(const SafetensorsFile& file, const std::string& key) {
  return Load(file, key, [](size_t bound) { return 2 * bound + 2; });
}

}  // namespace aecomp
