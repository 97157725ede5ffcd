#include "io/memory.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <new>

#include "io/descriptor.h"

namespace aecomp {
namespace {

struct Pages {
  uint64_t all = 0;   ///< counted for RLIMIT_AS
  uint64_t data = 0;  ///< counted for RLIMIT_DATA, and the stack
};

/// Takes no memory: it is called when there is little. Zeros where there is no /proc.
Pages MappedPages() {
  char text[256];
  const Descriptor file(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  const ssize_t n = file.ok() ? ReadSome(file.get(), text, sizeof text) : 0;
  uint64_t fields[7] = {};  // size, resident, shared, text, lib, data, dirty
  const char *at = text, *const end = text + std::max<ssize_t>(n, 0);
  for (uint64_t& field : fields) {
    while (at != end && *at == ' ') ++at;
    at = std::from_chars(at, end, field).ptr;
  }
  return {fields[0], fields[5]};
}

uint64_t LimitOf(decltype(RLIMIT_AS) resource) {
  rlimit limit = {};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

uint64_t Left(uint64_t limit, uint64_t used) {
  return limit == UINT64_MAX ? UINT64_MAX : limit - std::min(limit, used);
}

}  // namespace

uint64_t MappableBytes() {
  const uint64_t all = LimitOf(RLIMIT_AS), data = LimitOf(RLIMIT_DATA);
  if (all == UINT64_MAX && data == UINT64_MAX) return UINT64_MAX;
  const Pages mapped = MappedPages();
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(Left(all, mapped.all * page), Left(data, mapped.data * page));
}

void RequireMemoryReserve() {
  if (!HasMemoryFor(0)) throw std::bad_alloc();
}

Status NotEnoughMemory(const std::string& name, uint64_t needed) {
  const uint64_t limit = std::min(LimitOf(RLIMIT_AS), LimitOf(RLIMIT_DATA));
  std::string text = name + ": not enough memory";
  if (needed > 0) text += " (needs about " + std::to_string(needed / 1000000 + 1) + " MB)";
  if (needed == 0 && limit != UINT64_MAX) text += " (needs more than " + std::to_string(limit / 1000000) + " MB)";
  text += limit != UINT64_MAX ? "; raise the limit (ulimit -v, ulimit -d)" : "; end other programs";
  return MemoryError(text + " or use fewer threads (-j 1)");
}

}  // namespace aecomp
