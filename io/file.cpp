#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "io/descriptor.h"
#include "io/temporary.h"

namespace aecomp {
namespace {

std::string Why(int error) { return std::strerror(error); }

/// What a user can do about an error of open, write or rename.
std::string Remedy(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "; make the folder first or name another";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; check the permissions or name another folder";
    case ENOSPC:
    case EDQUOT:
      return "; free some space or name another folder";
    default:
      return "";
  }
}

Status CannotWrite(const std::string& path, int error) {
  return WriteError(path + ": cannot write: " + Why(error) + Remedy(error));
}

Status Exists(const std::string& path) {
  return WriteError(path + ": exists; name another output or overwrite it with -f");
}

/// Where a write to `path` goes: a link keeps pointing to its file, whose content is replaced.
std::string FollowLink(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real != nullptr ? std::string(real.get()) : path;
}

Status WriteDirectly(const std::string& path, std::span<const uint8_t> bytes) {
  Descriptor file = OpenStream(path);
  if (!file.ok()) return CannotWrite(path, errno);
  if (const int error = WriteAll(file.get(), bytes)) return CannotWrite(path, error);
  if (const int error = file.Close()) return CannotWrite(path, error);
  return {};
}

/// 0 or errno; EIO when the file does not hold these bytes.
int Compare(int fd, std::span<const uint8_t> bytes) {
  if (lseek(fd, 0, SEEK_SET) != 0) return errno;
  std::vector<uint8_t> block(std::min<size_t>(bytes.size() + 1, 1 << 20));
  for (;;) {
    const ssize_t n = ReadSome(fd, block.data(), block.size());
    if (n < 0) return errno;
    if (n == 0) return bytes.empty() ? 0 : EIO;
    const auto count = static_cast<size_t>(n);
    if (count > bytes.size() || std::memcmp(block.data(), bytes.data(), count) != 0) return EIO;
    bytes = bytes.subspan(count);
  }
}

/// What closing the file would say, while it stays open and locked: some file systems store only when it is closed.
int StoreError(int fd) { return Descriptor(fcntl(fd, F_DUPFD_CLOEXEC, fd)).Close(); }

/// 0 or errno. mode: of the file that is replaced, if there is one.
int Fill(Temporary& file, std::span<const uint8_t> bytes, const WriteOptions& options, std::optional<mode_t> mode) {
  if (mode) (void)fchmod(file.fd(), *mode & 0777);  // a file system without permissions is no reason to fail
  if (const int error = WriteAll(file.fd(), bytes)) return error;
  if (options.modified) {
    const timespec times[] = {{0, UTIME_OMIT}, *options.modified};
    (void)futimens(file.fd(), times);
  }
  if (const int error = StoreError(file.fd())) return error;
  return options.read_back ? Compare(file.fd(), bytes) : 0;
}

/// mode: of the file that is replaced, if there is one.
Status WriteAndRename(const std::string& path, const std::string& target, std::span<const uint8_t> bytes,
                      const WriteOptions& options, std::optional<mode_t> mode) {
  RemoveLeftovers(target);
  int error = 0;
  for (const bool named : {false, true}) {
    Temporary file(target);
    if (const int create_error = file.Create(named)) return CannotWrite(path, create_error);
    if (const int fill_error = Fill(file, bytes, options, mode)) return CannotWrite(path, fill_error);
    error = file.Publish(options.overwrite);
    if (error == 0) return {};
    if (error == EEXIST) return Exists(path);
    // A system that refuses to name an unnamed file may still rename one.
  }
  return CannotWrite(path, error);
}

}  // namespace

Result<std::vector<uint8_t>> ReadDescriptor(int fd, const std::string& name, const ReadOptions& options) {
  constexpr size_t kStart = 1 << 12, kBlock = 1 << 16;
  struct stat info;
  if (fstat(fd, &info) != 0) return InputError(name + ": cannot read: " + Why(errno));
  if (S_ISDIR(info.st_mode)) return InputError(name + ": is a folder; name a file in it");
  uint64_t most = options.max_bytes;
  const auto too_long = [&] {
    if (most < options.max_bytes) return InputError(name + ": begins like no kind of file that is read here");
    return InputError(name + ": longer than the " + std::to_string(most) + " bytes that are read");
  };
  const auto size = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  if (size > most) return too_long();
  bool asked = options.is_known == nullptr;
  // The size is a hint: a pipe has none and a file may grow. One byte more shows the end without growing.
  std::vector<uint8_t> bytes(size == 0 ? kBlock : asked ? size + 1 : std::min<uint64_t>(size + 1, kBlock));
  for (size_t used = 0;;) {
    if (used == bytes.size()) bytes.resize(std::max<size_t>(used < size ? size + 1 : 0, used + used / 2));
    const ssize_t n = ReadSome(fd, bytes.data() + used, bytes.size() - used);
    if (n < 0) return InputError(name + ": cannot read: " + Why(errno));
    used += static_cast<size_t>(n);
    if (!asked && used >= kStart) {
      asked = true;
      if (!options.is_known(std::span(bytes).first(used))) most = std::min(most, kMaxUnknownBytes);
    }
    if (std::max<uint64_t>(used, size) > most) return too_long();
    if (n > 0) continue;
    bytes.resize(used);
    break;
  }
  if (bytes.empty()) return InputError(name + ": is empty");
  return bytes;
}

Result<std::vector<uint8_t>> ReadFile(const std::string& path, const ReadOptions& options) {
  Descriptor file = OpenFile(path, O_RDONLY);
  if (!file.ok() && errno == ENXIO) file = OpenStream(path);  // a socket that is stdin
  if (file.ok()) return ReadDescriptor(file.get(), path, options);
  if (errno == ENOENT) return InputError(path + ": no such file; check the name");
  return InputError(path + ": cannot read: " + Why(errno) + (errno == EACCES ? "; check the permissions" : ""));
}

std::optional<timespec> ModifiedAt(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_mtim;
}

Status WriteFileAtomically(const std::string& path, std::span<const uint8_t> bytes, const WriteOptions& options) {
  if (IsWrittenInto(path)) return WriteDirectly(path, bytes);
  struct stat link_info, info;
  const bool exists = lstat(path.c_str(), &link_info) == 0;
  const bool reachable = exists && stat(path.c_str(), &info) == 0;  // not so for a dangling link
  if (reachable && S_ISDIR(info.st_mode)) return WriteError(path + ": is a folder; name a file in it");
  if (reachable && !S_ISREG(info.st_mode)) return WriteDirectly(path, bytes);
  if (exists && !options.overwrite) return Exists(path);
  if (!reachable) return WriteAndRename(path, path, bytes, options, std::nullopt);
  const std::string target = S_ISLNK(link_info.st_mode) ? FollowLink(path) : path;
  return WriteAndRename(path, target, bytes, options, info.st_mode);
}

}  // namespace aecomp
