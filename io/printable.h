// Words of a file in messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace aecomp {

/// At most `most` bytes of what a file says, each that is no printable ASCII as '?': messages are one line, and a
/// terminal obeys control characters.
inline std::string Printable(std::string_view text, size_t most) {
  std::string printable(text.substr(0, most));
  std::replace_if(
      printable.begin(), printable.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return printable;
}

}  // namespace aecomp
