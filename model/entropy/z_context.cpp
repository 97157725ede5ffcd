#include "model/entropy/z_context.h"

#include <array>
#include <string>
#include <utility>

#include "model/entropy/table_file.h"

namespace aecomp {
namespace {

constexpr const char* kRowsKey = "integer.z_context.rows";
constexpr const char* kTablesKey = "integer.z_context";

/// Added to what was seen and to what is expected, in quarters of a magnitude: a few elements say little.
constexpr int kDoubt = 8;
/// Parts of what is expected, in percent, from which on the next activity begins.
constexpr std::array<int, ZContext::kActivities - 1> kActivityFrom = {35, 50, 70, 100, 140, 200};

}  // namespace

Result<ZContextModel> ZContextModel::Create(const CodingTables& z_tables, std::vector<uint8_t> tables,
                                            std::vector<FrequencyRow> frequencies) {
  ZContextModel m;
  AECOMP_ASSIGN_OR_RETURN(m.coding_tables_, CodingTables::Create(frequencies));
  bool fit = tables.size() == static_cast<size_t>(z_tables.rows()) * ZContext::kAll;
  for (const uint8_t table : tables) fit = fit && table < m.coding_tables_.rows();
  if (!fit) return ModelError("tensor \"" + std::string(kRowsKey) + "\" does not fit the model");
  m.tables_ = std::move(tables), m.frequencies_ = std::move(frequencies);
  return m;
}

void ZContextModel::Save(SafetensorsWriter& writer) const {
  if (empty()) return;
  const int64_t rows = std::ssize(tables_) / ZContext::kAll;
  writer.AddIntegers(kRowsKey, {rows, ZContext::kNeighbours, ZContext::kActivities},
                     std::vector<int32_t>(tables_.begin(), tables_.end()), DType::kU8);
  SaveWholeTables(kTablesKey, frequencies_, writer);
}

Result<ZContextModel> ZContextModel::Load(const SafetensorsFile& file, const CodingTables& z_tables) {
  if (file.Find(kRowsKey) == nullptr) return ZContextModel();
  AECOMP_ASSIGN_OR_RETURN(const auto rows,
                          file.ReadIntegers(kRowsKey, {z_tables.rows(), ZContext::kNeighbours, ZContext::kActivities}));
  AECOMP_ASSIGN_OR_RETURN(std::vector<FrequencyRow> frequencies, LoadWholeTables(file, kTablesKey));
  std::vector<uint8_t> tables;
  for (const int32_t row : rows) tables.push_back(static_cast<uint8_t>(std::clamp(row, 0, 255)));
  return Create(z_tables, std::move(tables), std::move(frequencies));
}

std::vector<int> ExpectedMagnitudes(const CodingTables& z_tables) {
  constexpr int kShift = CodingTables::kPrecisionBits - 8;
  std::vector<int> expected;
  for (int row = 0; row < z_tables.rows(); ++row) {
    int64_t sum = 0;
    for (int v = 1; v <= z_tables.bound(row); ++v) sum += 2 * int64_t{v} * z_tables.Frequency(row, v);
    expected.push_back(static_cast<int>((sum + (1 << (kShift - 1))) >> kShift));
  }
  return expected;
}

ZContexts::ZContexts(std::span<const uint8_t> rows, std::span<const int> expected) : rows_(rows), expected_(expected) {
  for (const uint8_t row : rows) usual_ += expected[row];
}

void ZContexts::Begin(const int16_t* left, const int16_t* up) {
  seen_ = of_as_many_ = 0;
  for (const int16_t* neighbour : {left, up}) {
    if (neighbour == nullptr) continue;
    for (size_t c = 0; c < rows_.size(); ++c) seen_ += std::abs(neighbour[c]);
    of_as_many_ += usual_;
  }
}

ZContext ZContexts::Of(int left, int up) const {
  const bool negate = left + up < 0 || (left + up == 0 && left < 0);
  if (negate) left = -left, up = -up;
  const auto near = [](int v) { return std::clamp(v, -ZContext::kNear, ZContext::kNear) + ZContext::kNear; };
  int activity = 0;
  for (const int part : kActivityFrom) {
    activity += part * (of_as_many_ + 256 * kDoubt) <= 100 * 256 * (seen_ + kDoubt);
  }
  const int neighbours = near(left) * (2 * ZContext::kNear + 1) + near(up);
  return {neighbours * ZContext::kActivities + activity, negate};
}

}  // namespace aecomp
