#include "model/filter/filter_stream.h"

#include <bit>
#include <cstdlib>

namespace aecomp {
namespace {

constexpr int kMostZeros = 10;  // of a code: no weight needs more

/// Bits of a byte from the highest on.
class BitWriter {
 public:
  void Put(uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      if (free_ == 0) bytes_.push_back(0), free_ = 8;
      bytes_.back() = static_cast<uint8_t>(bytes_.back() | ((value >> i) & 1) << --free_);
    }
  }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
  int free_ = 0;
};

/// After the end it gives zeros, and ok() is false.
class BitReader {
 public:
  explicit BitReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  uint32_t Get(int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      const uint32_t bit = at_ / 8 < bytes_.size() ? bytes_[at_ / 8] >> (7 - at_ % 8) & 1u : 0;
      value = value << 1 | bit;
    }
    return value;
  }
  bool ok() const { return at_ <= 8 * bytes_.size(); }
  /// Whether only zeros are left, of the last byte.
  bool AtEnd() {
    const size_t left = 8 * bytes_.size() - at_;
    return ok() && left < 8 && Get(static_cast<int>(left)) == 0;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

/// 0, 1, -1, 2, -2 .. as 0, 1, 2, 3, 4 ..
uint32_t Folded(int v) { return static_cast<uint32_t>(v > 0 ? 2 * v - 1 : -2 * v); }
int Unfolded(uint32_t u) { return u % 2 == 1 ? static_cast<int>(u / 2) + 1 : -static_cast<int>(u / 2); }

int Zeros(int v, int order) { return std::bit_width((Folded(v) >> order) + 1) - 1; }

void PutWeight(BitWriter& writer, int v, int order) {
  const int zeros = Zeros(v, order);
  writer.Put(0, zeros);
  writer.Put((Folded(v) >> order) + 1, zeros + 1);
  writer.Put(Folded(v), order);
}

/// A value that no weight has where the bits are no code.
int GetWeight(BitReader& reader, int order) {
  int zeros = 0;
  while (zeros <= kMostZeros && reader.Get(1) == 0) ++zeros;
  if (zeros > kMostZeros) return kMostFilterWeight + 1;
  const uint32_t high = ((1u << zeros) | reader.Get(zeros)) - 1;
  return Unfolded(high << order | reader.Get(order));
}

int NumberBits(size_t filters) { return std::bit_width(static_cast<uint32_t>(filters)); }

Status Damaged() { return CorruptError("corrupt: its chunk Filt"); }

}  // namespace

WeightCode BestCode(const PictureFilter::Weights& weights, int shift) {
  WeightCode best;
  for (int order = 0; order < 4; ++order) {
    int bits = 4;
    for (const int w : weights) bits += 2 * Zeros(w / (1 << shift), order) + 1 + order;
    if (order == 0 || bits < best.bits) best = {shift, order, bits};
  }
  return best;
}

std::vector<uint8_t> WriteFilter(const PictureFilter& filter) {
  BitWriter writer;
  writer.Put(static_cast<uint32_t>(filter.filters.size() - 1), 4);
  for (int c = 0; c < kFilterClasses; ++c) {
    const auto at = static_cast<size_t>(c);
    const int before = c % kFilterLevels == 0 ? 0 : filter.number[at - 1];
    writer.Put(filter.number[at] != before, 1);
    if (filter.number[at] != before) writer.Put(filter.number[at], NumberBits(filter.filters.size()));
  }
  for (const PictureFilter::Weights& weights : filter.filters) {
    int all = 8;
    for (const int w : weights) all |= w;
    const WeightCode code = BestCode(weights, std::countr_zero(static_cast<uint32_t>(all)));
    writer.Put(static_cast<uint32_t>(code.shift), 2);
    writer.Put(static_cast<uint32_t>(code.order), 2);
    for (const int w : weights) PutWeight(writer, w / (1 << code.shift), code.order);
  }
  return writer.Take();
}

Result<PictureFilter> ReadFilter(std::span<const uint8_t> bytes) {
  BitReader reader(bytes);
  PictureFilter filter;
  filter.filters.resize(reader.Get(4) + 1);
  for (int c = 0; c < kFilterClasses; ++c) {
    const auto at = static_cast<size_t>(c);
    filter.number[at] = c % kFilterLevels == 0 ? 0 : filter.number[at - 1];
    if (reader.Get(1) == 1) filter.number[at] = static_cast<uint8_t>(reader.Get(NumberBits(filter.filters.size())));
    if (filter.number[at] > filter.filters.size()) return Damaged();
  }
  for (PictureFilter::Weights& weights : filter.filters) {
    const auto shift = static_cast<int>(reader.Get(2)), order = static_cast<int>(reader.Get(2));
    int sum = 0;
    for (int16_t& w : weights) {
      const int v = GetWeight(reader, order) * (1 << shift);
      sum += std::abs(v);
      if (sum > kMostFilterWeight) return Damaged();
      w = static_cast<int16_t>(v);
    }
  }
  if (!reader.AtEnd()) return Damaged();
  return filter;
}

}  // namespace aecomp
