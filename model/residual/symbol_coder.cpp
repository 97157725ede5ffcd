#include "model/residual/symbol_coder.h"

#include <algorithm>

namespace aecomp::residual {

std::vector<uint8_t> SymbolEncoder::Finish() const {
  if (ranges_.empty()) return {};
  std::vector<uint16_t> words;
  words.reserve(ranges_.size() / 4);
  uint64_t x = 1;
  for (size_t i = ranges_.size(); i-- > 0;) {
    const uint64_t start = ranges_[i] & 0xffff, frequency = ranges_[i] >> 16;
    if (x >= frequency << 32) {
      words.push_back(static_cast<uint16_t>(x));
      x >>= 16;
    }
    x = (x / frequency << 16) + x % frequency + start;
  }
  std::vector<uint8_t> bytes;
  bytes.reserve(words.size() * 2 + 6);
  for (; x != 0; x >>= 8) bytes.push_back(static_cast<uint8_t>(x));
  for (size_t i = words.size(); i-- > 0;) {
    bytes.push_back(static_cast<uint8_t>(words[i]));
    bytes.push_back(static_cast<uint8_t>(words[i] >> 8));
  }
  return bytes;
}

SymbolDecoder::SymbolDecoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
  const size_t n = bytes.size();
  if (n == 0) return;
  const size_t k = n <= 6 ? n : n % 2 == 1 ? 5 : 6;
  state_ = 0;
  for (size_t i = 0; i < k; ++i) state_ |= uint64_t{bytes[i]} << (8 * i);
  sound_ = bytes[k - 1] != 0 && (n <= 6 || state_ >= uint64_t{1} << 32);
  at_ = k;
}

Status SymbolDecoder::Finish() const {
  if (sound_ && state_ == 1 && at_ == bytes_.size()) return {};
  return CorruptError("corrupt: a stream of the residual layer does not end where it should");
}

}  // namespace aecomp::residual
