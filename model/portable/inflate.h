// Decompression of zlib streams (RFC 1950, RFC 1951).
#pragma once

#include "model/portable/common.h"

namespace aecomp_portable {

/// `what` begins messages. An error where the stream is damaged, has bytes after its end, or holds more than `most`
/// bytes.
Status Inflate(Bytes zlib, size_t most, const std::string& what, std::vector<uint8_t>* content);

}  // namespace aecomp_portable
