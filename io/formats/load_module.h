// Shared objects of this program that are loaded on first use.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "io/status.h"

namespace aecomp {

/// A module and the table of functions that it gives. Thread-safe.
class Module {
 public:
  /// file: looked for beside the program, in ../lib/aecomp and in the build folder. entry: the module's function that
  /// returns the table. remedy: ends the message when the module cannot be loaded. mapped_bytes: what the module and
  /// its libraries map; a library that is refused memory in the middle of its start may end the process or hang.
  Module(std::string file, std::string entry, std::string remedy, uint64_t mapped_bytes)
      : file_(std::move(file)), entry_(std::move(entry)), remedy_(std::move(remedy)), mapped_bytes_(mapped_bytes) {}

  /// Loads the module on the first call. kInput with what the system says when that fails, kMemory when memory does not
  /// suffice at the moment.
  Result<const void*> Table();

 private:
  const std::string file_, entry_, remedy_;
  const uint64_t mapped_bytes_;
  std::mutex mutex_;
  std::optional<Result<const void*>> table_;
};

}  // namespace aecomp
