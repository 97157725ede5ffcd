// Shared objects of this program that are loaded on first use.
#pragma once

#include <string>

#include "io/status.h"

namespace aecomp {

/// The function `entry` of the module `file`, which is looked for beside the program, in ../lib/aecomp and in the build
/// folder. kInput with what the system says when it cannot be loaded; `remedy` ends the message.
Result<void*> LoadModuleEntry(const std::string& file, const std::string& entry, const std::string& remedy);

}  // namespace aecomp
