// Who a program is, by what its files hold: a result in the cache is that of the same program only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"

namespace aecomp {

/// 32 hexadecimal digits. Parts are told apart: ("ab", "c") is not ("a", "bc").
std::string HashText(const std::vector<std::string>& parts);
std::string HashText(std::span<const uint8_t> bytes);

/// Of size, depth and pixels.
std::string HashText(const Image& image);

/// Of a command: the program and files that arguments name count by their contents, everything else as it is written.
std::string CommandIdentity(const std::vector<std::string>& arguments);

}  // namespace aecomp
