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

/// Whether a text in UTF-8 holds control characters: U+0000 to U+001F, U+007F to U+009F.
inline bool HasControls(std::string_view utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    const auto next = static_cast<unsigned char>(i + 1 < utf8.size() ? utf8[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next < 0xa0)) return true;
  }
  return false;
}

}  // namespace aecomp
