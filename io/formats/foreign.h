// Formats that are recognised in order to be refused by their names.
#pragma once

#include <cstdint>
#include <span>

namespace aecomp {

/// "a GIF image", "a PDF document", ...; null for what is not known either.
const char* NameOfForeignFormat(std::span<const uint8_t> bytes);

}  // namespace aecomp
