#include "io/descriptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace aecomp {
namespace {

constexpr int kFirstFree = STDERR_FILENO + 1;

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real != nullptr ? std::string(real.get()) : "";
}

/// Empty when it is not a link.
std::string LinkTarget(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t n = readlink(path.c_str(), target, sizeof target);
  return n > 0 ? std::string(target, static_cast<size_t>(n)) : "";
}

/// Whether `folder`, with all links resolved, is /proc/N/fd or /proc/N/task/N/fd.
bool HoldsDescriptors(const std::string& folder) {
  constexpr char kProc[] = "/proc/";
  if (!folder.starts_with(kProc) || !folder.ends_with("/fd")) return false;
  return std::isdigit(static_cast<unsigned char>(folder[sizeof kProc - 1])) != 0;
}

bool BelongsToThisProcess(const std::string& folder) {
  const std::string own = RealPath("/proc/self");
  return !own.empty() && folder.starts_with(own + "/");
}

void WaitFor(int fd, short events) {
  pollfd wait = {fd, events, 0};
  (void)poll(&wait, 1, -1);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    (void)Close();
    fd_ = other.Release();
  }
  return *this;
}

int Descriptor::Release() { return std::exchange(fd_, -1); }

int Descriptor::Close() {
  const int fd = Release();
  return fd >= 0 && close(fd) != 0 && errno != EINTR ? errno : 0;
}

Descriptor OpenFile(const std::string& path, int flags, mode_t mode) {
  Descriptor file(open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode));
  if (!file.ok() || file.get() >= kFirstFree) return file;
  const int moved = fcntl(file.get(), F_DUPFD_CLOEXEC, kFirstFree);
  const int error = errno;
  (void)file.Close();
  errno = error;
  return Descriptor(moved);
}

int WriteAll(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), std::min<size_t>(bytes.size(), 1 << 30));
    if (n >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WaitFor(fd, POLLOUT);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

ssize_t ReadSome(int fd, void* data, size_t size) {
  for (;;) {
    const ssize_t n = read(fd, data, size);
    if (n >= 0) return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WaitFor(fd, POLLIN);
    } else if (errno != EINTR) {
      return n;
    }
  }
}

std::optional<NamedDescriptor> DescriptorNamedBy(const std::string& path) {
  constexpr int kMostLinks = 40;  // as the kernel allows
  std::string at = path;
  for (int links = 0; links < kMostLinks; ++links) {
    const size_t slash = at.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : at.substr(0, slash + 1);
    const std::string name = slash == std::string::npos ? at : at.substr(slash + 1);
    if (const std::string real = RealPath(folder); HoldsDescriptors(real)) {
      NamedDescriptor named{-1, BelongsToThisProcess(real)};
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), named.number);
      if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
      return named;
    }
    const std::string target = LinkTarget(at);
    if (target.empty()) return std::nullopt;
    at = target[0] == '/' ? target : folder + "/" + target;
  }
  return std::nullopt;
}

Descriptor OpenStream(const std::string& path) {
  const auto named = DescriptorNamedBy(path);
  // What was printed before shall come before.
  if (named && named->own && named->number == STDOUT_FILENO) (void)std::fflush(stdout);
  if (named && named->own) return Descriptor(fcntl(named->number, F_DUPFD_CLOEXEC, kFirstFree));
  return OpenFile(path, O_WRONLY | (named ? O_APPEND : 0));
}

bool IsWrittenInto(const std::string& path) {
  if (DescriptorNamedBy(path)) return true;
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return false;
  return S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode) || S_ISSOCK(info.st_mode);
}

}  // namespace aecomp
