// Texts of the messages of a run.
#pragma once

#include <cstdio>
#include <string>

namespace aecomp {

/// printf for up to three numbers.
inline std::string Format(const char* format, double a, double b = 0, double c = 0) {
  char text[160];
  std::snprintf(text, sizeof text, format, a, b, c);
  return text;
}

/// The last part of a path.
inline std::string FileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace aecomp
