// zlib streams (RFC 1950) in one piece, through libdeflate, which takes about half of zlib's time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace aecomp {

/// Whether `stream` is sound and fills `result` to its last byte.
bool InflateExactly(std::span<const uint8_t> stream, std::span<uint8_t> result);

/// False when the stream is damaged, ends too early or holds more than `most` bytes; `result` then stays as it is.
bool Inflate(std::span<const uint8_t> stream, size_t most, std::vector<uint8_t>& result);

/// level: 0 (stored) to 12 (smallest, slow). Throws std::bad_alloc.
std::vector<uint8_t> Deflate(std::span<const uint8_t> bytes, int level);

/// That of PNG (ISO 3309).
uint32_t Crc32(std::span<const uint8_t> bytes);

}  // namespace aecomp
