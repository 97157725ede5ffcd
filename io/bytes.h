// Little-endian bytes and LEB128 varints. The reader checks every access; after the first failure it only returns
// zeros, so a parser may read several fields and look at ok() once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace aecomp {

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool truncated() const { return truncated_; }  ///< the failure was that the bytes end too early
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  uint8_t U8() { return static_cast<uint8_t>(Fixed(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Fixed(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Fixed(4)); }
  uint64_t U64() { return Fixed(8); }

  /// LEB128: 7 bits a byte, least significant first. A number that does not fit 64 bits or is written with more bytes
  /// than it needs is refused, so that each value has one spelling.
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = U8();
      const uint64_t bits = byte & 0x7f;
      const bool overflow = shift == 63 && bits > 1;
      const bool overlong = shift > 0 && byte == 0;
      if (!ok_ || overflow || overlong) return Fail();
      value |= bits << shift;
      if (byte < 0x80) return value;
    }
    return Fail();
  }

  /// The next `count` bytes, not copied; empty when there are fewer.
  std::span<const uint8_t> Bytes(uint64_t count) {
    if (!ok_ || count > remaining()) {
      truncated_ = truncated_ || ok_;
      Fail();
      return {};
    }
    const auto result = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += static_cast<size_t>(count);
    return result;
  }

 private:
  uint64_t Fixed(int count) {
    const auto bytes = Bytes(static_cast<uint64_t>(count));
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
    return value;
  }
  uint64_t Fail() {
    ok_ = false;
    return 0;
  }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  bool ok_ = true, truncated_ = false;
};

class ByteWriter {
 public:
  void U8(uint8_t value) { Fixed(value, 1); }
  void U16(uint16_t value) { Fixed(value, 2); }
  void U32(uint32_t value) { Fixed(value, 4); }
  void U64(uint64_t value) { Fixed(value, 8); }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
  }
  void Bytes(std::span<const uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  const std::vector<uint8_t>& bytes() const { return bytes_; }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  void Fixed(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace aecomp
