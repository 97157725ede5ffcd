// rANS (Duda, "Asymmetric numeral systems", arXiv 1311.2540) with one 64-bit state and 16-bit words. What surprises:
//
// - The encoder runs backwards over the values, so that the decoder runs forwards.
// - The state starts at 1, far below its normal range [2^32, 2^48). It grows into the range without emitting words and
// the
//   decoder leaves the range only when no words are left; a stream therefore costs about 2 bytes, not 6, beyond its
//   content. Two interleaved states could not do this (one would take the other's last words), and one is fast enough:
//   what bounds the speed is mispredicted branches, not the chain of dependent instructions.
// - Normalisation. Coding a symbol of frequency f multiplies the state by about 2^16 / f. A word is emitted first when
//   x >= f * 2^32, which leaves x >= f * 2^16; so afterwards x is in [2^32, 2^48). One word is always enough, as a
//   symbol has at most 16 bits. The decoder reads a word exactly when x < 2^32.
// - Division by multiplication. With m = floor(2^64 / f) + 1 = (2^64 + e) / f, 0 < e <= f, the high half of x * m is
//   floor(x / f + x * e / (f * 2^64)). This is floor(x / f) when the second term is below 1 / f, i.e. x * e < 2^64, and
//   x < f * 2^32 gives x * e < f^2 * 2^32 < 2^64. For f = 1, m does not fit: with m = 2^64 - 1 the quotient is x - 1 (x
//   >= 1 always), which a bias larger by 2^16 - 1 makes good.
#include "io/rans.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>

namespace aecomp {
namespace {

constexpr int kPrecision = CodingTables::kPrecisionBits;
constexpr uint32_t kTotal = 1u << kPrecision;
constexpr uint64_t kInitial = 1;
constexpr uint64_t kLow = uint64_t{1} << 32;
constexpr int kHighBits = 48;  // states are below 2^kHighBits
constexpr int kStateBytes = kHighBits / 8;

Status CheckRow(const std::vector<uint16_t>& frequencies, size_t row) {
  const std::string name = "probability table " + std::to_string(row) + ": ";
  const size_t n = frequencies.size();
  if (n < 4 || n % 2 != 0 || n > 2 * CodingTables::kMaxBound + 2) {
    return ModelError(name + std::to_string(n) + " entries; an even number from 4 to " +
                      std::to_string(2 * CodingTables::kMaxBound + 2) + " is possible");
  }
  uint64_t sum = 0;
  for (const uint16_t f : frequencies) {
    if (f == 0) return ModelError(name + "an entry is 0");
    sum += f;
  }
  if (sum != kTotal) return ModelError(name + "sums to " + std::to_string(sum) + " instead of 65536");
  return {};
}

bool AllBelow(std::span<const uint8_t> rows, int limit) {
  uint8_t highest = 0;
  for (const uint8_t row : rows) highest = std::max(highest, row);
  return rows.empty() || highest < limit;
}

}  // namespace

Result<CodingTables> CodingTables::Create(const std::vector<std::vector<uint16_t>>& frequencies) {
  if (frequencies.empty() || frequencies.size() > kMaxRows) {
    return ModelError(std::to_string(frequencies.size()) + " probability tables; 1 to 256 are possible");
  }
  for (size_t r = 0; r < frequencies.size(); ++r) AECOMP_RETURN_IF_ERROR(CheckRow(frequencies[r], r));
  CodingTables tables;
  for (const auto& row : frequencies) tables.AddRow(row);
  return tables;
}

void CodingTables::AddRow(const std::vector<uint16_t>& frequencies) {
  Row row;
  row.first = static_cast<uint32_t>(decode_.size());
  row.bound = static_cast<int32_t>(frequencies.size() / 2) - 1;
  uint32_t start = 0;
  for (size_t s = 0; s < frequencies.size(); ++s) {
    const uint32_t f = frequencies[s];
    decode_.push_back({static_cast<uint16_t>(start), frequencies[s]});
    const uint64_t reciprocal =
        f == 1 ? ~uint64_t{0} : ~uint64_t{0} / f + 1;  // 2^64 / f is no integer or f divides 2^64
    encode_.push_back({reciprocal + (f != 1 && std::has_single_bit(f)), start + (f == 1 ? kTotal - 1 : 0), f});
    // A bucket that begins inside this symbol starts its search here.
    const uint32_t bucket = 1u << (kPrecision - kLookupBits);
    for (uint32_t b = (start + bucket - 1) / bucket; b * bucket < start + f; ++b) {
      row.lookup[b] = static_cast<uint16_t>(s);
    }
    start += f;
  }
  rows_.push_back(row);
}

class RansEncoder {
 public:
  explicit RansEncoder(const CodingTables& tables) : tables_(tables) {}

  void Put(int value, uint8_t row_index) {
    const CodingTables::Row& row = tables_.rows_[row_index];
    const int index = value + row.bound;
    const int escape = 2 * row.bound + 1;
    if (static_cast<unsigned>(index) < static_cast<unsigned>(escape)) {
      PutSymbol(tables_.encode_[row.first + static_cast<uint32_t>(index)]);
    } else {
      PutExcess(value, row.bound);
      PutSymbol(tables_.encode_[row.first + static_cast<uint32_t>(escape)]);
    }
  }

  /// State (as few bytes as it needs), then the words, last first.
  std::vector<uint8_t> Finish() {
    std::vector<uint8_t> bytes;
    for (uint64_t x = state_; x != 0; x >>= 8) bytes.push_back(static_cast<uint8_t>(x));
    bytes.reserve(bytes.size() + 2 * words_.size());
    for (auto word = words_.rbegin(); word != words_.rend(); ++word) {
      bytes.push_back(static_cast<uint8_t>(*word));
      bytes.push_back(static_cast<uint8_t>(*word >> 8));
    }
    return bytes;
  }

 private:
  void Normalise(uint64_t limit) {
    if (state_ >= limit) {
      words_.push_back(static_cast<uint16_t>(state_));
      state_ >>= 16;
    }
  }
  void PutSymbol(const CodingTables::EncodeSymbol& s) {
    Normalise(static_cast<uint64_t>(s.frequency) << 32);
    __extension__ using Wide = unsigned __int128;
    const auto quotient = static_cast<uint64_t>((static_cast<Wide>(state_) * s.reciprocal) >> 64);
    state_ += s.bias + quotient * (kTotal - s.frequency);
  }
  void PutBits(uint32_t bits, int count) {
    Normalise(uint64_t{1} << (kHighBits - count));
    state_ = state_ << count | bits;
  }
  /// What the decoder reads as: sign, n zeros and a one, n low bits of excess + 1; here in reverse.
  void PutExcess(int value, int bound) {
    const int magnitude = std::min(std::abs(value), CodingTables::kMaxMagnitude);
    const auto code = static_cast<uint32_t>(magnitude - bound);  // excess + 1 >= 1
    const int n = static_cast<int>(std::bit_width(code)) - 1;
    PutBits(code - (1u << n), n);
    PutBits(1, 1);
    for (int i = 0; i < n; ++i) PutBits(0, 1);  // as they are read: where words come depends on it
    PutBits(value < 0, 1);
  }

  const CodingTables& tables_;
  uint64_t state_ = kInitial;
  std::vector<uint16_t> words_;  // in order of emission
};

class RansDecoder {
 public:
  RansDecoder(const CodingTables& tables, std::span<const uint8_t> bytes)
      : tables_(tables), end_(bytes.data() + bytes.size()) {
    // Words follow only a normalised state, which has 5 or 6 bytes: the parity of the length tells which.
    size_t count = bytes.size();
    if (count > kStateBytes) count = count % 2 != 0 ? kStateBytes - 1 : kStateBytes;
    for (size_t i = 0; i < count; ++i) state_ |= static_cast<uint64_t>(bytes[i]) << (8 * i);
    next_ = bytes.data() + count;
    valid_ = count > 0 && bytes[count - 1] != 0 && (next_ == end_ || state_ >= kLow);
  }

  bool valid() const { return valid_; }
  bool AtEnd() const { return valid_ && state_ == kInitial && next_ == end_; }

  int16_t Get(uint8_t row_index) {
    const CodingTables::Row& row = tables_.rows_[row_index];
    const auto slot = static_cast<uint32_t>(state_ & (kTotal - 1));
    const CodingTables::DecodeSymbol* const symbols = tables_.decode_.data() + row.first;
    const CodingTables::DecodeSymbol* s = symbols + row.lookup[slot >> (kPrecision - CodingTables::kLookupBits)];
    while (slot - s->start >= s->frequency) ++s;
    state_ = s->frequency * (state_ >> kPrecision) + slot - s->start;
    Normalise();
    const int index = static_cast<int>(s - symbols);
    if (index > 2 * row.bound) [[unlikely]]
      return GetExcess(row.bound);
    return static_cast<int16_t>(index - row.bound);
  }

 private:
  void Normalise() {
    if (state_ < kLow && next_ != end_) {
      state_ = state_ << 16 | static_cast<uint64_t>(next_[0] | next_[1] << 8);
      next_ += 2;
    }
  }
  uint32_t GetBits(int count) {
    const auto bits = static_cast<uint32_t>(state_ & ((uint64_t{1} << count) - 1));
    state_ >>= count;
    Normalise();
    return bits;
  }
  int16_t GetExcess(int bound) {
    const bool negative = GetBits(1) != 0;
    int n = 0;
    while (n < 16 && GetBits(1) == 0) ++n;
    const int magnitude = n < 16 ? bound + static_cast<int>((1u << n) + GetBits(n)) : CodingTables::kMaxMagnitude + 1;
    if (magnitude > CodingTables::kMaxMagnitude) {
      valid_ = false;
      return 0;
    }
    return static_cast<int16_t>(negative ? -magnitude : magnitude);
  }

  const CodingTables& tables_;
  const uint8_t* next_;
  const uint8_t* const end_;
  uint64_t state_ = 0;
  bool valid_;
};

std::vector<uint8_t> EncodeValues(const CodingTables& tables, std::span<const int16_t> values,
                                  std::span<const uint8_t> rows) {
  if (values.size() != rows.size() || !AllBelow(rows, tables.rows())) std::abort();  // the caller's mistake
  if (values.empty()) return {};
  RansEncoder encoder(tables);
  for (size_t i = values.size(); i-- > 0;) encoder.Put(values[i], rows[i]);
  return encoder.Finish();
}

Status DecodeValues(const CodingTables& tables, std::span<const uint8_t> bytes, std::span<const uint8_t> rows,
                    std::span<int16_t> values) {
  ValueDecoder decoder(tables, bytes);
  AECOMP_RETURN_IF_ERROR(decoder.Next(rows, values));
  return decoder.Finish();
}

ValueDecoder::ValueDecoder(const CodingTables& tables, std::span<const uint8_t> bytes)
    : tables_(tables), bytes_(bytes) {}
ValueDecoder::~ValueDecoder() = default;

Status ValueDecoder::Next(std::span<const uint8_t> rows, std::span<int16_t> values) {
  if (values.size() != rows.size() || !AllBelow(rows, tables_.rows())) {
    return ModelError("entropy coder: a value names a probability table that does not exist");
  }
  if (values.empty()) return {};
  if (!decoder_) {
    decoder_ = std::make_unique<RansDecoder>(tables_, bytes_);
    if (!decoder_->valid()) return CorruptError("entropy-coded data: not a coder's state");
  }
  RansDecoder decoder = *decoder_;  // in registers
  for (size_t i = 0; i < values.size(); ++i) values[i] = decoder.Get(rows[i]);
  std::construct_at(decoder_.get(), decoder);
  return {};
}

Status ValueDecoder::Finish() const {
  if (!decoder_) {
    return bytes_.empty() ? Status() : CorruptError("entropy-coded data where none is expected");
  }
  return decoder_->AtEnd() ? Status() : CorruptError("entropy-coded data: the coder does not end where it began");
}

}  // namespace aecomp
