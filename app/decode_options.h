// Options of subcommands that read images.
#pragma once

#include "app/command_line.h"
#include "io/formats/decode_options.h"

namespace aecomp {

/// --max-pixels and --strict
void AddDecodeOptions(const CommandLine& command, DecodeOptions& options);

/// --max-pixels of subcommands that decode .aec files.
void AddDecodedPixelsOption(const CommandLine& command, uint64_t& most);
/// Whether a picture, or a part of one, of this size is to be decoded. `name`: of the file.
Status CheckDecodedSize(uint64_t width, uint64_t height, uint64_t most, const std::string& name);

}  // namespace aecomp
