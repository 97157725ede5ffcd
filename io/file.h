// Whole files by name: read with a limit, written whole or not at all.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/status.h"

namespace aecomp {

inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 32;

/// kInput when the file is missing, a directory, unreadable, empty or longer than `max_bytes`; the message says which.
/// Pipes and devices are read to their end.
Result<std::vector<uint8_t>> ReadFile(const std::string& path, uint64_t max_bytes = kMaxFileBytes);

struct WriteOptions {
  bool overwrite = false;
  std::optional<timespec> modified = std::nullopt;  ///< time stamp of the new file, where the file system keeps one
  bool read_back = false;                           ///< compares what the disk holds with `bytes` before the rename
};

/// When a file was last modified; nothing when it is not there.
std::optional<timespec> ModifiedAt(const std::string& path);

/// Writes a temporary sibling and renames it, so that at no time a part of a file bears the name. Without `overwrite`
/// an existing file is refused, also one that appears meanwhile. What is not a regular file (/dev/null, a FIFO) is
/// written directly. All failures are kWrite.
Status WriteFileAtomically(const std::string& path, std::span<const uint8_t> bytes, const WriteOptions& options);
inline Status WriteFileAtomically(const std::string& path, std::span<const uint8_t> bytes, bool overwrite) {
  return WriteFileAtomically(path, bytes, WriteOptions{overwrite});
}

/// Removes the temporary files of writes in progress; none is made afterwards, threads that would wait. For a signal
/// handler that ends the process, and safe there.
void UnlinkTemporaries();

}  // namespace aecomp
