#include "model/residual/symbol_coder.h"

#include <algorithm>

namespace aecomp::residual {

void SymbolEncoder::Grow() {
  chunks_.push_back(std::make_unique_for_overwrite<uint32_t[]>(kChunk));
  next_ = chunks_.back().get(), end_ = next_ + kChunk;
}

std::vector<uint8_t> SymbolEncoder::Finish() const {
  if (chunks_.empty()) return {};
  // Words come out last first: they fill a buffer from its end. Whether one comes is a matter of chance, so that a
  // branch on it would often be guessed wrong.
  const size_t most = chunks_.size() * kChunk;
  const auto words = std::make_unique_for_overwrite<uint16_t[]>(most + 1);
  uint16_t* const end = words.get() + most + 1;
  uint16_t* word = end;
  uint64_t x = 1;
  for (size_t chunk = chunks_.size(); chunk-- > 0;) {
    const uint32_t* const first = chunks_[chunk].get();
    const uint32_t* at = chunk + 1 == chunks_.size() ? next_ : first + kChunk;
    while (at != first) {
      const uint32_t range = *--at;
      const uint64_t start = range & 0xffff, frequency = range >> 16;
      const bool full = x >= frequency << 32;
      word[-1] = static_cast<uint16_t>(x);
      word -= full;
      x >>= 16 * full;
      x = (x / frequency << 16) + x % frequency + start;
    }
  }
  std::vector<uint8_t> bytes;
  bytes.reserve(static_cast<size_t>(end - word) * 2 + 6);
  for (; x != 0; x >>= 8) bytes.push_back(static_cast<uint8_t>(x));
  for (; word != end; ++word) {
    bytes.push_back(static_cast<uint8_t>(*word));
    bytes.push_back(static_cast<uint8_t>(*word >> 8));
  }
  return bytes;
}

SymbolDecoder::SymbolDecoder(std::span<const uint8_t> bytes) {
  const size_t n = bytes.size();
  sound_ = n != 0;
  if (n == 0) return;
  const size_t k = n <= 6 ? n : n % 2 == 1 ? 5 : 6;
  state_ = 0;
  for (size_t i = 0; i < k; ++i) state_ |= uint64_t{bytes[i]} << (8 * i);
  sound_ = bytes[k - 1] != 0 && (n <= 6 || state_ >= uint64_t{1} << 32);
  at_ = bytes.data() + k, end_ = bytes.data() + n;
}

Status SymbolDecoder::Finish() const {
  if (sound_ && state_ == 1 && at_ == end_) return {};
  return CorruptError("corrupt: a stream of the residual layer does not end where it should");
}

}  // namespace aecomp::residual
