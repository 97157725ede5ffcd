#include "io/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

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

/// A file descriptor that is closed at the latest with the scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { (void)Close(); }

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  /// 0 or errno: a file system may report only now that it could not store what was written.
  int Close() {
    const int fd = fd_;
    fd_ = -1;
    return fd >= 0 && close(fd) != 0 && errno != EINTR ? errno : 0;
  }

 private:
  int fd_;
};

/// 0 or errno.
int WriteAll(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), std::min<size_t>(bytes.size(), 1 << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return 0;
}

// Temporary files that exist now, for UnlinkTemporaries. A slot is free, being filled, or names a file that is about to
// exist or does.
enum SlotState : int { kFree, kBusy, kOpening, kExists };
struct Slot {
  std::atomic<int> state{kFree};
  char path[PATH_MAX];
};
Slot slots[64];
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");
std::atomic<int> ending{0};  // the process ends: nothing is created any more

/// Keeps a name in the registry, and the file off the disk when the scope ends before Release.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {
    if (path_.size() >= PATH_MAX) return;
    for (Slot& slot : slots) {
      int expected = kFree;
      if (!slot.state.compare_exchange_strong(expected, kBusy)) continue;
      std::memcpy(slot.path, path_.c_str(), path_.size() + 1);
      slot.state.store(kOpening);
      slot_ = &slot;
      break;
    }
    if (ending == 0) return;
    if (slot_ != nullptr) slot_->state.store(kFree);
    while (true) pause();
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (exists_) unlink(path_.c_str());
    if (slot_ != nullptr) slot_->state.store(kFree);
  }

  const char* path() const { return path_.c_str(); }
  void Created() {
    exists_ = true;
    if (slot_ != nullptr) slot_->state.store(kExists);
  }
  void Renamed() { exists_ = false; }

 private:
  std::string path_;
  Slot* slot_ = nullptr;
  bool exists_ = false;
};

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

/// Short whatever the output's name is, and not to be guessed.
std::string TemporaryName(const std::string& target) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<uint64_t>(getpid());
  char name[40];
  std::snprintf(name, sizeof name, ".aecomp-%016llx.tmp", static_cast<unsigned long long>(number));
  return Folder(target) + name;
}

/// Where a write to `path` goes: a link keeps pointing to its file, whose content is replaced.
std::string FollowLink(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real != nullptr ? std::string(real.get()) : path;
}

/// 0 or errno; EEXIST when `to` exists. Not every file system knows RENAME_NOREPLACE, nor every one links.
int RenameNew(const char* from, const char* to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from, to) == 0) return unlink(from) == 0 ? 0 : errno;
  if (errno != EPERM && errno != EOPNOTSUPP) return errno;
  struct stat info;
  if (lstat(to, &info) == 0) return EEXIST;
  return rename(from, to) == 0 ? 0 : errno;
}

Status WriteDirectly(const std::string& path, std::span<const uint8_t> bytes) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.ok()) return CannotWrite(path, errno);
  if (const int error = WriteAll(file.get(), bytes)) return CannotWrite(path, error);
  if (const int error = file.Close()) return CannotWrite(path, error);
  return {};
}

/// 0 or errno; EIO when the file does not hold these bytes.
int Compare(const char* path, std::span<const uint8_t> bytes) {
  Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return errno;
  std::vector<uint8_t> block(std::min<size_t>(bytes.size() + 1, 1 << 20));
  for (;;) {
    const ssize_t n = read(file.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return bytes.empty() ? 0 : EIO;
    const auto count = static_cast<size_t>(n);
    if (count > bytes.size() || std::memcmp(block.data(), bytes.data(), count) != 0) return EIO;
    bytes = bytes.subspan(count);
  }
}

/// mode: of the file that is replaced, if there is one.
Status WriteAndRename(const std::string& path, const std::string& target, std::span<const uint8_t> bytes,
                      const WriteOptions& options, std::optional<mode_t> mode) {
  Temporary temporary(TemporaryName(target));
  Descriptor file(open(temporary.path(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.ok()) return CannotWrite(path, errno);
  temporary.Created();
  if (mode) (void)fchmod(file.get(), *mode & 0777);  // a file system without permissions is no reason to fail
  if (const int error = WriteAll(file.get(), bytes)) return CannotWrite(path, error);
  if (options.modified) {
    const timespec times[] = {{0, UTIME_OMIT}, *options.modified};
    (void)futimens(file.get(), times);
  }
  if (const int error = file.Close()) return CannotWrite(path, error);
  if (const int error = options.read_back ? Compare(temporary.path(), bytes) : 0) return CannotWrite(path, error);
  const int error = options.overwrite ? (rename(temporary.path(), target.c_str()) == 0 ? 0 : errno)
                                      : RenameNew(temporary.path(), target.c_str());
  if (error == EEXIST) return Exists(path);
  if (error != 0) return CannotWrite(path, error);
  temporary.Renamed();
  return {};
}

}  // namespace

Result<std::vector<uint8_t>> ReadFile(const std::string& path, uint64_t max_bytes) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.ok()) {
    if (errno == ENOENT) return InputError(path + ": no such file; check the name");
    return InputError(path + ": cannot read: " + Why(errno) + (errno == EACCES ? "; check the permissions" : ""));
  }
  struct stat info;
  if (fstat(file.get(), &info) != 0) return InputError(path + ": cannot read: " + Why(errno));
  if (S_ISDIR(info.st_mode)) return InputError(path + ": is a folder; name a file in it");
  const Status too_long = InputError(path + ": longer than the " + std::to_string(max_bytes) + " bytes that are read");
  const auto size = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  if (size > max_bytes) return too_long;
  // The size is a hint: a pipe has none and a file may grow. One byte more shows the end without growing.
  std::vector<uint8_t> bytes(size == 0 ? 1 << 16 : size + 1);
  for (size_t used = 0;;) {
    if (used == bytes.size()) bytes.resize(used + std::max<size_t>(1 << 12, used / 2));
    const ssize_t n = read(file.get(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return InputError(path + ": cannot read: " + Why(errno));
    used += static_cast<size_t>(n);
    if (used > max_bytes) return too_long;
    if (n > 0) continue;
    bytes.resize(used);
    break;
  }
  if (bytes.empty()) return InputError(path + ": is empty");
  return bytes;
}

std::optional<timespec> ModifiedAt(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_mtim;
}

Status WriteFileAtomically(const std::string& path, std::span<const uint8_t> bytes, const WriteOptions& options) {
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

void UnlinkTemporaries() {
  const int saved = errno;
  ending = 1;
  for (Slot& slot : slots) {
    // Another thread may be in the middle of open(); or this one, then there is nothing to wait for.
    for (int i = 0; i < 20 && slot.state == kOpening; ++i) poll(nullptr, 0, 1);
    const int state = slot.state;
    if (state == kOpening || state == kExists) unlink(slot.path);
  }
  errno = saved;
}

}  // namespace aecomp
