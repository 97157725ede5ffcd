// Files by name, where "-" is stdin or stdout.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/options.h"
#include "io/file.h"
#include "io/status.h"

namespace aecomp {

inline bool IsStream(const std::string& name) { return name == "-"; }

/// Whether an output of this name goes to stdout: "-", /dev/stdout, /dev/fd/1 and links to them.
bool IsStdout(const std::string& name);

/// Whether an output of this name goes to a terminal.
bool IsTerminal(const std::string& name);

/// kInput when it cannot be read, or is longer than the options allow.
Result<std::vector<uint8_t>> ReadInput(const std::string& name, const ReadOptions& options = {});

/// A file is written whole or not at all, a stream or a device as far as it goes. kWrite when it cannot be written.
Status WriteOutput(const std::string& name, std::span<const uint8_t> bytes, const WriteOptions& options);

/// How the output of a batch's file is written.
WriteOptions OutputOptions(const BatchOptions& options, const std::string& input, bool read_back);

/// Text on stdout: the answer that was asked for. An error is kept for FlushStdout.
void PrintStdout(const std::string& text);

/// kWrite when anything written to stdout did not arrive.
Status FlushStdout();

}  // namespace aecomp
