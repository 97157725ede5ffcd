// Options of subcommands that read images.
#pragma once

#include "io/formats/decode_options.h"

namespace CLI {
class App;
}

namespace aecomp {

/// --max-pixels and --strict
void AddDecodeOptions(CLI::App& command, DecodeOptions& options);

}  // namespace aecomp
