// A checksum inside a safetensors file, in two entries of its metadata, which programs that do not know them pass over:
// "aecomp.checksum.kind" says how it is computed, "aecomp.checksum" is the hash of the whole file, in hexadecimal
// digits that count as 0 in it. Of two entries one survives any single damaged bit, so a file does not lose its
// checksum unnoticed.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

/// Adds both entries, with digits that are all 0.
void ReserveChecksum(std::map<std::string, std::string>& metadata);

/// Computes the digits of a file that has them reserved.
void FillInChecksum(std::vector<uint8_t>& file);

/// Whether the file has a checksum. kModel when it does not match, or only one of the entries is there. `header`: the
/// JSON text, a part of `file`; name: what messages call the file.
Result<bool> CheckChecksum(std::span<const uint8_t> file, std::span<const uint8_t> header,
                           const std::map<std::string, std::string>& metadata, const std::string& name);

}  // namespace aecomp
