// Lists of file names, as `find -print0` and `ls` write them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aecomp {

/// The names that a list holds, in its order. A list with a NUL in it ends its names by NUL, any other by line ends,
/// with or without a carriage return. Empty names are left out.
std::vector<std::string> ParseNameList(std::span<const uint8_t> list);

}  // namespace aecomp
