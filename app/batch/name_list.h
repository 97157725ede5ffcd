// Lists of file names, as `find -print0` and `ls` write them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aecomp {

/// The names that a list holds, in its order. A list with a NUL in it ends its names by NUL, any other by line ends,
/// with or without a carriage return. Empty names are left out, and so is the byte order mark of UTF-8 that some
/// editors put first.
std::vector<std::string> ParseNameList(std::span<const uint8_t> list);

/// Whether a list has the byte order mark of UTF-16 or UTF-32: its characters are no names as they stand.
bool IsWideText(std::span<const uint8_t> list);

}  // namespace aecomp
