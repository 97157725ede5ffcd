// Options of subcommands that read images.
#pragma once

#include "app/command_line.h"
#include "io/formats/decode_options.h"

namespace aecomp {

/// --max-pixels and --strict
void AddDecodeOptions(const CommandLine& command, DecodeOptions& options);

}  // namespace aecomp
