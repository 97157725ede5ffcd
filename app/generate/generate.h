// Man page and bash completion, written from the definitions of the options. Hidden from --help: the build calls it.
#pragma once

#include <string>

#include "app/generate/command_tree.h"
#include "io/status.h"

namespace aecomp {

/// aecomp --generate man|bash: the text of either.
Result<std::string> Generate(const std::string& what, const CommandDoc& program);

/// aecomp(1) in the man macros of groff and mandoc.
std::string ManPage(const CommandDoc& program);

/// A script for bash that needs no other package; kUsage when a suggestion belongs to no option any more.
Result<std::string> BashCompletion(const CommandDoc& program);

}  // namespace aecomp
