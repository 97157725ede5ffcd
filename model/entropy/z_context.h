// The table of each element of z, chosen by what is known of z before it: its neighbours to the left and above in the
// same channel, and whether its position has more to say than usual. In smooth images neighbouring elements are alike,
// and z is a third of a file there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "io/rans.h"
#include "io/status.h"
#include "model/base/safetensors.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {

/// What is known of an element of z before it is coded.
struct ZContext {
  static constexpr int kNear = 2;  ///< neighbours count as -kNear .. kNear
  static constexpr int kNeighbours = (2 * kNear + 1) * (2 * kNear + 1);
  static constexpr int kActivities = 7;
  static constexpr int kAll = kNeighbours * kActivities;

  int index;    ///< 0 .. kAll - 1
  bool negate;  ///< whether the element is coded with the other sign, as its neighbours are negative
};

/// Tables for each context of each row of the z tables. Old models have none.
class ZContextModel {
 public:
  /// No tables.
  ZContextModel() = default;

  /// tables: number of a table for [rows of z_tables, ZContext::kAll]. frequencies: of these tables, which need not be
  /// symmetric. kModel where they do not fit each other or z_tables.
  static Result<ZContextModel> Create(const CodingTables& z_tables, std::vector<uint8_t> tables,
                                      std::vector<FrequencyRow> frequencies);
  void Save(SafetensorsWriter& writer) const;
  /// Empty where the file has none. Checks every number.
  static Result<ZContextModel> Load(const SafetensorsFile& file, const CodingTables& z_tables);

  bool empty() const { return tables_.empty(); }
  const CodingTables& tables() const { return coding_tables_; }
  /// Of an element whose z table is `row`.
  uint8_t Table(int row, const ZContext& context) const {
    return tables_[static_cast<size_t>(row) * ZContext::kAll + static_cast<size_t>(context.index)];
  }

 private:
  std::vector<uint8_t> tables_;
  std::vector<FrequencyRow> frequencies_;
  CodingTables coding_tables_;
};

/// The mean magnitude of the values of each row in 1/256.
std::vector<int> ExpectedMagnitudes(const CodingTables& z_tables);

/// The contexts of a tile's z, one position after the other, channel by channel.
class ZContexts {
 public:
  /// rows: of the z tables, [N]. expected: see ExpectedMagnitudes; both must outlive this.
  ZContexts(std::span<const uint8_t> rows, std::span<const int> expected);

  /// Calls code(channel, context, value) for each element of z [h, w, N] in raster order. value is a reference to the
  /// element, with the sign in which it is coded: an encoder reads it, a decoder sets it. Ends at the first status that
  /// is not ok.
  template <class Code>
  Status ForEach(int h, int w, int16_t* z, Code code);

 private:
  void Begin(const int16_t* left, const int16_t* up);
  ZContext Of(int left, int up) const;

  std::span<const uint8_t> rows_;
  std::span<const int> expected_;
  int64_t usual_ = 0;                  // of a position: the sum of what is expected of its channels
  int64_t seen_ = 0, of_as_many_ = 0;  // magnitudes that count for the position, and what is expected of them
};

template <class Code>
Status ZContexts::ForEach(int h, int w, int16_t* z, Code code) {
  const size_t channels = rows_.size(), line = static_cast<size_t>(w) * channels;
  for (int i = 0; i < h; ++i) {
    for (int j = 0; j < w; ++j, z += channels) {
      const int16_t* const left = j > 0 ? z - channels : nullptr;
      const int16_t* const up = i > 0 ? z - line : nullptr;
      Begin(left, up);
      for (size_t c = 0; c < channels; ++c) {
        const ZContext context = Of(left != nullptr ? left[c] : 0, up != nullptr ? up[c] : 0);
        int16_t value = static_cast<int16_t>(context.negate ? -z[c] : z[c]);
        AECOMP_RETURN_IF_ERROR(code(c, context, value));
        z[c] = static_cast<int16_t>(context.negate ? -value : value);
        seen_ += 4 * std::abs(value);
        of_as_many_ += 4 * expected_[rows_[c]];
      }
    }
  }
  return {};
}

}  // namespace aecomp
