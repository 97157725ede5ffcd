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

/// The bytes of the control character that a text in UTF-8 has at i: 1 (U+0000 to U+001F, U+007F), 2 (U+0080 to U+009F)
/// or 0, where there is none.
inline size_t ControlAt(std::string_view utf8, size_t i) {
  const auto byte = static_cast<unsigned char>(utf8[i]);
  if (byte < 0x20 || byte == 0x7f) return 1;
  const auto next = static_cast<unsigned char>(i + 1 < utf8.size() ? utf8[i + 1] : 0);
  return byte == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

inline bool HasControls(std::string_view utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    if (ControlAt(utf8, i) != 0) return true;
  }
  return false;
}

/// Makes a question mark of each of their bytes.
inline void HideControls(std::string& utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) utf8.replace(i, ControlAt(utf8, i), ControlAt(utf8, i), '?');
}

}  // namespace aecomp
