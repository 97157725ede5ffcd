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

/// Limit for content that begins like no kind of file that the caller knows: an endless device or pipe is refused soon
/// and with little memory.
inline constexpr uint64_t kMaxUnknownBytes = uint64_t{16} << 20;

struct ReadOptions {
  uint64_t max_bytes = kMaxFileBytes;
  /// Whether the caller knows the kind of content that begins so; null: every kind is known. Sees the first kilobytes.
  bool (*is_known)(std::span<const uint8_t> start) = nullptr;
};

/// kInput when the file is missing, a directory, unreadable, empty or longer than `max_bytes`; the message says which.
/// Pipes and devices are read to their end.
Result<std::vector<uint8_t>> ReadFile(const std::string& path, const ReadOptions& options);
inline Result<std::vector<uint8_t>> ReadFile(const std::string& path, uint64_t max_bytes = kMaxFileBytes) {
  return ReadFile(path, ReadOptions{max_bytes});
}
/// The same of an open file, which stays open. name: what messages call it.
Result<std::vector<uint8_t>> ReadDescriptor(int fd, const std::string& name, const ReadOptions& options);

struct WriteOptions {
  bool overwrite = false;
  std::optional<timespec> modified = std::nullopt;  ///< time stamp of the new file, where the file system keeps one
  bool read_back = false;                           ///< compares what the disk holds with `bytes` before the rename
};

/// When a file was last modified; nothing when it is not there.
std::optional<timespec> ModifiedAt(const std::string& path);

/// Writes a file beside the target that gets its name when it is whole (io/temporary.h), so that at no time a part of a
/// file bears the name. Without `overwrite` an existing file is refused, also one that appears meanwhile. What
/// is written into (IsWrittenInto in io/descriptor.h) is written directly, and so is a block device. All
/// failures are kWrite.
Status WriteFileAtomically(const std::string& path, std::span<const uint8_t> bytes, const WriteOptions& options);
inline Status WriteFileAtomically(const std::string& path, std::span<const uint8_t> bytes, bool overwrite) {
  return WriteFileAtomically(path, bytes, WriteOptions{overwrite});
}

}  // namespace aecomp
