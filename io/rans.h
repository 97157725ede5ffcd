// Entropy coder over integer tables. Nothing here is floating point, so streams are the same on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/status.h"

namespace aecomp {

class RansDecoder;

/// Probability tables for integers around 0. Row r codes the values -bound[r] .. bound[r]; what lies outside is coded
/// as an escape symbol followed by the excess in bypass bits (bounded: |value| <= kMaxMagnitude, larger is clamped by
/// the caller).
class CodingTables {
 public:
  static constexpr int kPrecisionBits = 16;  ///< frequencies of a row sum to 2^16
  static constexpr int kMaxMagnitude = 32767;
  static constexpr int kMaxRows = 256;
  static constexpr int kMaxBound = 8191;

  /// No rows: only an empty span of values can be coded.
  CodingTables() = default;

  /// frequencies[r]: 2 * bound + 2 entries, all >= 1: values -bound .. bound, then the escape symbol. Rows that do not
  /// sum to 2^16 or are of odd or absurd length are refused (kModel): these come from files.
  static Result<CodingTables> Create(const std::vector<std::vector<uint16_t>>& frequencies);
  int rows() const { return static_cast<int>(rows_.size()); }
  int bound(int row) const { return rows_[static_cast<size_t>(row)].bound; }
  /// Of a value within +-bound(row), or of the escape symbol (bound(row) + 1), out of 2^16.
  uint32_t Frequency(int row, int value) const {
    const Row& r = rows_[static_cast<size_t>(row)];
    return decode_[r.first + static_cast<uint32_t>(value + r.bound)].frequency;
  }

 private:
  friend class RansEncoder;
  friend class RansDecoder;

  static constexpr int kLookupBits = 8;

  struct Row {
    uint32_t first = 0;  ///< of this row's symbols, in decode_ and encode_
    int32_t bound = 0;
    std::array<uint16_t, 1 << kLookupBits> lookup{};  ///< top bits of a slot -> first symbol with a slot there
  };
  struct DecodeSymbol {
    uint16_t start, frequency;
  };
  struct EncodeSymbol {
    uint64_t reciprocal;  ///< see rans.cpp
    uint32_t bias, frequency;
  };
  void AddRow(const std::vector<uint16_t>& frequencies);

  std::vector<Row> rows_;
  std::vector<DecodeSymbol> decode_;
  std::vector<EncodeSymbol> encode_;
};

/// values.size() == rows.size(); rows[i] < tables.rows() names the table of values[i]. Deterministic: same bytes on
/// every machine. No values give no bytes; otherwise the stream is 1 to 3 bytes longer than the sum of -log2 p.
std::vector<uint8_t> EncodeValues(const CodingTables& tables, std::span<const int16_t> values,
                                  std::span<const uint8_t> rows);

/// The inverse. Fails (kCorrupt) unless the coder ends exactly in its initial state with all bytes used. Never reads
/// outside `bytes`, whatever they hold.
Status DecodeValues(const CodingTables& tables, std::span<const uint8_t> bytes, std::span<const uint8_t> rows,
                    std::span<int16_t> values);

/// The same in steps, for values whose rows depend on values before them.
class ValueDecoder {
 public:
  /// Both must outlive this.
  ValueDecoder(const CodingTables& tables, std::span<const uint8_t> bytes);
  ~ValueDecoder();
  /// The next values.size() values. Whatever the bytes hold: Finish tells whether they were sound.
  Status Next(std::span<const uint8_t> rows, std::span<int16_t> values);
  Status Finish() const;

 private:
  const CodingTables& tables_;
  std::span<const uint8_t> bytes_;
  std::unique_ptr<RansDecoder> decoder_;  // made by the first value
};

}  // namespace aecomp
