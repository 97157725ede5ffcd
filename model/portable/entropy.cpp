#include "model/portable/entropy.h"

namespace aecomp_portable {
namespace {

constexpr uint64_t kLow = uint64_t{1} << 32;
constexpr int kMostBound = 1 << 14;

}  // namespace

Status Tables::Make(const std::vector<int32_t>& bounds, const std::vector<int32_t>& frequencies,
                    const std::string& name, bool symmetric) {
  size_t at = 0;
  for (const int32_t bound : bounds) {
    const auto stored = static_cast<size_t>(bound) * (symmetric ? 1 : 2) + 2;
    if (bound < 1 || bound > kMostBound || stored > frequencies.size() - at) {
      return BadModel("tensor \"" + name + ".bounds\" does not fit its frequencies");
    }
    Row& row = rows_.emplace_back();
    row.bound = bound, row.first = static_cast<uint32_t>(starts_.size());
    uint32_t start = 0;
    for (int s = 0; s < 2 * bound + 2; ++s) {
      const int magnitude = s > 2 * bound ? bound + 1 : s < bound ? bound - s : s - bound;
      const int32_t f = frequencies[at + static_cast<size_t>(symmetric ? magnitude : s)];
      if (f < 1 || f > 65536) return BadModel("tensor \"" + name + ".frequencies\" holds a number that is none");
      starts_.push_back(start);
      start += static_cast<uint32_t>(f);
    }
    starts_.push_back(start);
    if (start != 65536) return BadModel("a row of \"" + name + ".frequencies\" does not add up to 65536");
    const uint32_t* starts = starts_.data() + row.first;
    uint16_t s = 0;
    for (uint32_t high = 0; high < 256; ++high) {
      while (starts[s + 1] <= high << 8) ++s;
      row.guess[high] = s;
    }
    at += stored;
  }
  if (at != frequencies.size() || rows_.empty() || rows_.size() > 256) {
    return BadModel("tensor \"" + name + ".bounds\" does not fit its frequencies");
  }
  return {};
}

int64_t Tables::Magnitude(int row) const {
  const Row& r = rows_[static_cast<size_t>(row)];
  const uint32_t* const starts = starts_.data() + r.first + r.bound;
  int64_t sum = 0;
  for (int v = 1; v <= r.bound; ++v) sum += int64_t{2} * v * (starts[v + 1] - starts[v]);
  return (sum + 128) >> 8;
}

void Rans::Begin() {
  const size_t n = stream_.size(), k = n <= 6 ? n : n % 2 != 0 ? 5 : 6;
  const Bytes first = stream_.Take(k);
  for (size_t i = k; i-- > 0;) x_ = x_ << 8 | first[i];
  if (n == 0 || first[k - 1] == 0 || (n > 6 && x_ < kLow)) damaged_ = true;
}

uint32_t StreamDecoder::Bits(int n) {
  const auto r = static_cast<uint32_t>(x_ & ((uint64_t{1} << n) - 1));
  x_ >>= n;
  Normalise();
  return r;
}

int StreamDecoder::Escape(int bound) {
  const bool negative = Bits(1) != 0;
  int k = 0;
  while (Bits(1) == 0) {
    if (++k > 15) {
      damaged_ = true;
      return 0;
    }
  }
  const int magnitude = bound + (1 << k) + static_cast<int>(Bits(k));
  if (magnitude > 32767) {
    damaged_ = true;
    return 0;
  }
  return negative ? -magnitude : magnitude;
}

int StreamDecoder::Value(int row_number) {
  if (!begun_) Begin(), begun_ = true;
  const Tables::Row& row = tables_->rows_[static_cast<size_t>(row_number)];
  const uint32_t* starts = tables_->starts_.data() + row.first;
  uint32_t s = row.guess[Slot() >> 8];
  while (starts[s + 1] <= Slot()) ++s;
  Pass(starts[s], starts[s + 1] - starts[s]);
  const auto symbol = static_cast<int>(s);
  return symbol <= 2 * row.bound ? symbol - row.bound : Escape(row.bound);
}

Status StreamDecoder::End() const {
  const bool whole = begun_ ? AtEnd() : stream_.size() == 0;
  return whole ? Status() : Corrupt("damaged: a stream does not end where it should");
}

Status DecodeParts(const Tables& tables, const Bytes* streams, size_t parts, const std::vector<uint8_t>& rows,
                   std::vector<int16_t>* values) {
  const size_t n = rows.size();
  values->resize(n);
  for (size_t p = 0; p < parts; ++p) {
    StreamDecoder decoder(tables, streams[p]);
    for (size_t i = n * p / parts; i < n * (p + 1) / parts; ++i) {
      (*values)[i] = static_cast<int16_t>(decoder.Value(rows[i]));
    }
    PORTABLE_TRY(decoder.End());
  }
  return {};
}

}  // namespace aecomp_portable
