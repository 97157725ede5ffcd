#include "model/base/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/printable.h"

namespace aecomp {
namespace {

using nlohmann::json;

/// The library tells a place only in the text of its errors, and not for brackets that nest too deep, which are found
/// here: so that both read alike, the place comes from the offset. "line 3, column 5", counted in bytes from 1.
std::string Place(const std::string& text, size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  const auto line = 1 + std::count(text.begin(), end, '\n');
  const size_t newline = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
  const size_t column = newline == std::string::npos ? offset + 1 : offset - newline;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// The library's explanation without its own account of the place, on one line of printable characters.
std::string Reason(const std::string& what) {
  constexpr size_t kLongest = 160;
  const size_t start = what.find(": ");
  const std::string reason = start == std::string::npos ? what : what.substr(start + 2);
  return Printable(reason, kLongest) + (reason.size() <= kLongest ? "" : "...");
}

/// Offset of the first bracket that nests too deep; npos when there is none.
size_t TooDeep(const std::string& text) {
  constexpr int kDeepest = 64;
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return i;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string::npos;
}

}  // namespace

std::string JsonText(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string JsonText(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<json> ParseJson(const std::string& text) {
  if (const size_t at = TooDeep(text); at != std::string::npos) {
    return UsageError(Place(text, at) + ": brackets nest deeper than 64");
  }
  try {
    return json::parse(text);
  } catch (const json::parse_error& e) {  // e.byte counts from 1 and names the last byte that was read
    return UsageError(Place(text, e.byte == 0 ? 0 : e.byte - 1) + ": not JSON: " + Reason(e.what()));
  } catch (const json::exception& e) {
    return UsageError("not JSON: " + Reason(e.what()));
  }
}

}  // namespace aecomp
