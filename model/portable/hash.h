// xxHash, written from its specification (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

uint32_t Xxh32(uint32_t seed, const uint8_t* data, size_t size);

/// The first 8 bytes, in hexadecimal digits, of the canonical XXH3 128-bit hash of more than 240 bytes. Empty for
/// fewer: no model file is so small.
std::string ModelId(Bytes file);

uint32_t Crc32(const uint8_t* data, size_t size);    ///< of PNG chunks
uint32_t Adler32(const uint8_t* data, size_t size);  ///< of zlib streams

}  // namespace aecomp_portable
