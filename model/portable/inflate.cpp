#include "model/portable/inflate.h"

#include <algorithm>

#include "model/portable/hash.h"

namespace aecomp_portable {
namespace {

constexpr int kMostBits = 15;

/// Bits of a stream, the lowest of each byte first. Beyond the end they are 0, and `ended` says so.
class BitReader {
 public:
  BitReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint32_t Bits(int n) {
    while (count_ < n) {
      if (at_ >= size_) ended_ = true;
      bits_ |= static_cast<uint32_t>(at_ < size_ ? data_[at_] : 0) << count_;
      ++at_, count_ += 8;
    }
    const uint32_t value = bits_ & ((1u << n) - 1);
    bits_ >>= n, count_ -= n;
    return value;
  }
  void ToByte() { bits_ = 0, count_ = 0; }
  bool ended() const { return ended_; }
  size_t position() const { return at_; }  ///< after ToByte: of the next byte

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
  uint32_t bits_ = 0;
  int count_ = 0;
  bool ended_ = false;
};

/// A canonical Huffman code, decoded bit by bit: of each length the number of codes and the symbols in order.
class Code {
 public:
  /// False where the lengths are those of no prefix code. An incomplete code is one: its unused codes are errors.
  bool Make(const uint8_t* lengths, int symbols) {
    std::fill(counts_, counts_ + kMostBits + 1, 0);
    for (int s = 0; s < symbols; ++s) ++counts_[lengths[s]];
    counts_[0] = 0;
    int left = 1, offsets[kMostBits + 2] = {};
    for (int n = 1; n <= kMostBits; ++n) {
      left = 2 * left - counts_[n];
      if (left < 0) return false;
      offsets[n + 1] = offsets[n] + counts_[n];
    }
    for (int s = 0; s < symbols; ++s) {
      if (lengths[s] != 0) symbols_[offsets[lengths[s]]++] = static_cast<uint16_t>(s);
    }
    return true;
  }
  /// -1: there is no such code.
  int Symbol(BitReader& bits) const {
    int code = 0, first = 0, index = 0;
    for (int n = 1; n <= kMostBits; ++n) {
      code |= static_cast<int>(bits.Bits(1));
      if (code - first < counts_[n]) return symbols_[index + code - first];
      index += counts_[n], first = (first + counts_[n]) << 1, code <<= 1;
    }
    return -1;
  }

 private:
  int counts_[kMostBits + 1] = {};
  uint16_t symbols_[288] = {};
};

struct Codes {
  Code literals, distances;
};

bool FixedCodes(Codes& codes) {
  uint8_t lengths[288];
  for (int s = 0; s < 288; ++s) lengths[s] = static_cast<uint8_t>(s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8);
  uint8_t distances[30];
  std::fill(distances, distances + 30, uint8_t{5});
  return codes.literals.Make(lengths, 288) && codes.distances.Make(distances, 30);
}

bool ReadCodes(BitReader& bits, Codes& codes) {
  static constexpr uint8_t kOrder[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const int literals = static_cast<int>(bits.Bits(5)) + 257, distances = static_cast<int>(bits.Bits(5)) + 1;
  const int given = static_cast<int>(bits.Bits(4)) + 4;
  uint8_t lengths[320] = {};
  for (int i = 0; i < given; ++i) lengths[kOrder[i]] = static_cast<uint8_t>(bits.Bits(3));
  Code code;
  if (literals > 286 || distances > 30 || !code.Make(lengths, 19)) return false;
  std::fill(lengths, lengths + 320, uint8_t{0});
  for (int at = 0; at < literals + distances;) {
    const int symbol = code.Symbol(bits);
    if (symbol < 0 || bits.ended() || (symbol == 16 && at == 0)) return false;
    if (symbol < 16) {
      lengths[at++] = static_cast<uint8_t>(symbol);
      continue;
    }
    const uint8_t repeated = symbol == 16 ? lengths[at - 1] : uint8_t{0};
    int count = symbol == 16   ? 3 + static_cast<int>(bits.Bits(2))
                : symbol == 17 ? 3 + static_cast<int>(bits.Bits(3))
                               : 11 + static_cast<int>(bits.Bits(7));
    if (count > literals + distances - at) return false;
    while (count-- > 0) lengths[at++] = repeated;
  }
  return lengths[256] != 0 && codes.literals.Make(lengths, literals) &&
         codes.distances.Make(lengths + literals, distances);
}

/// A block of codes, appended to `out`.
bool ReadBlock(BitReader& bits, const Codes& codes, size_t most, std::vector<uint8_t>& out) {
  static constexpr uint16_t kLength[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static constexpr uint16_t kDistance[30] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                             33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                             1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  while (!bits.ended()) {
    const int symbol = codes.literals.Symbol(bits);
    if (symbol == 256) return true;
    if (symbol < 0 || symbol > 285 || out.size() >= most) return false;
    if (symbol < 256) {
      out.push_back(static_cast<uint8_t>(symbol));
      continue;
    }
    const int l = symbol - 257, length_bits = l < 8 || l == 28 ? 0 : (l - 4) / 4;
    const size_t length = kLength[l] + bits.Bits(length_bits);
    const int d = codes.distances.Symbol(bits);
    if (d < 0 || d > 29) return false;
    const size_t distance = kDistance[d] + bits.Bits(d < 4 ? 0 : (d - 2) / 2);
    if (distance > out.size() || length > most - out.size()) return false;
    for (size_t i = 0; i < length; ++i) out.push_back(out[out.size() - distance]);
  }
  return false;
}

/// A block that is not compressed.
bool CopyBlock(BitReader& bits, size_t most, std::vector<uint8_t>& out) {
  bits.ToByte();
  const uint32_t length = bits.Bits(16), check = bits.Bits(16);
  if (bits.ended() || (length ^ check) != 0xFFFF || length > most - out.size()) return false;
  for (uint32_t i = 0; i < length; ++i) out.push_back(static_cast<uint8_t>(bits.Bits(8)));
  return !bits.ended();
}

bool ReadBlocks(BitReader& bits, size_t most, std::vector<uint8_t>& out) {
  bool last = false;
  while (!last) {
    last = bits.Bits(1) != 0;
    const uint32_t kind = bits.Bits(2);
    Codes codes;
    if (kind == 3 || bits.ended()) return false;
    if (kind == 0) {
      if (!CopyBlock(bits, most, out)) return false;
    } else if (!(kind == 1 ? FixedCodes(codes) : ReadCodes(bits, codes)) || !ReadBlock(bits, codes, most, out)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Status Inflate(Bytes zlib, size_t most, const std::string& what, std::vector<uint8_t>* content) {
  content->clear();
  const bool header = zlib.size() >= 6 && (zlib[0] & 15) == 8 && (zlib[0] * 256 + zlib[1]) % 31 == 0;
  if (!header || (zlib[1] & 32) != 0) return Corrupt(what + " is no zlib stream");
  BitReader bits(zlib.data() + 2, zlib.size() - 6);
  if (!ReadBlocks(bits, most, *content)) return Corrupt(what + " is a damaged zlib stream, or holds too much");
  bits.ToByte();
  Bytes end(zlib.data() + zlib.size() - 4, 4);
  if (bits.position() != zlib.size() - 6 || end.BigU32() != Adler32(content->data(), content->size())) {
    return Corrupt(what + " is a damaged zlib stream");
  }
  return {};
}

}  // namespace aecomp_portable
