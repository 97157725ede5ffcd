// The answer to --version.
#pragma once

#include <string>

namespace aecomp {

/// Program, format version, oneDNN and OpenCV versions and the CPU path in use, one a line. Loads neither OpenCV nor a
/// model.
std::string VersionText();

}  // namespace aecomp
