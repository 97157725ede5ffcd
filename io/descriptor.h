// File descriptors: opened above the three standard ones, closed with their scope, and named by paths such as
// /dev/stdout.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace aecomp {

/// A file descriptor that is closed at the latest with the scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { (void)Close(); }

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int Release();
  /// Returns 0 or errno: a file system may report only at this point that it could not store what was written.
  int Close();

 private:
  int fd_;
};

/// Opens a file with O_CLOEXEC and O_NOCTTY; not ok() with errno set when that fails. The descriptor is never 0, 1 or
/// 2: in a process whose stderr is closed, a file with descriptor 2 would receive the messages of other threads.
Descriptor OpenFile(const std::string& path, int flags, mode_t mode = 0);

/// Writes everything, also to a descriptor that does not block. Returns 0 or errno.
int WriteAll(int fd, std::span<const uint8_t> bytes);

/// Reads up to `size` bytes as read(2) does, but waits where the descriptor does not block and goes on after signals.
ssize_t ReadSome(int fd, void* data, size_t size);

/// A descriptor that a path names.
struct NamedDescriptor {
  int number = -1;
  bool own = false;  ///< of this process
};

/// What /dev/stdout, /dev/fd/3, /proc/self/fd/3, links to them and the like name; nothing for any other path. Opening
/// such a path would begin at the start of the file behind it, and a rename would replace that file: both lose what it
/// holds.
std::optional<NamedDescriptor> DescriptorNamedBy(const std::string& path);

/// Opens what exists at `path` so that writing into it loses nothing: a duplicate of an own descriptor, which shares
/// its position; a file behind another process's descriptor at its end; a FIFO or a device as it is.
Descriptor OpenStream(const std::string& path);

/// Whether output to `path` is written into what is there, and nothing is replaced: a descriptor, a FIFO, a character
/// device or a socket. False for what is not there.
bool IsWrittenInto(const std::string& path);

}  // namespace aecomp
