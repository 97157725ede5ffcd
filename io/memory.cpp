#include "io/memory.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
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

/// What KeepMemoryAside put aside; null where it is in use, or never was.
std::atomic<void*> aside = nullptr;
constexpr size_t kAsideBytes = size_t{4} << 20;

bool PutAside() {
  void* const memory = std::malloc(kAsideBytes);
  std::free(aside.exchange(memory));
  return memory != nullptr;
}

/// A handler for operator new: returns when it is worth trying again.
void GiveOutAside() {
  void* const memory = aside.exchange(nullptr);
  if (memory == nullptr) throw std::bad_alloc();
  std::free(memory);
}

}  // namespace

uint64_t MappableBytes() {
  const uint64_t all = LimitOf(RLIMIT_AS), data = LimitOf(RLIMIT_DATA);
  if (all == UINT64_MAX && data == UINT64_MAX) return UINT64_MAX;
  const Pages mapped = MappedPages();
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(Left(all, mapped.all * page), Left(data, mapped.data * page));
}

void KeepMemoryAside() {
  PutAside();
  std::set_new_handler(GiveOutAside);
}

void RequireMemoryReserve() {
  const bool keeps_aside = std::get_new_handler() == GiveOutAside;
  if (keeps_aside && aside.load() == nullptr && !PutAside()) throw std::bad_alloc();
  if (!HasMemoryFor(0)) throw std::bad_alloc();
}

bool SaysOutOfMemory(std::string_view words) {
  // Of libpng, libtiff, libjpeg, OpenJPEG, zlib, the dynamic linker and strerror; without their capitals.
  constexpr std::string_view kPhrases[] = {
      "ut of memory", "nsufficient memory", "ot enough memory", "llocate memory",        "memory to alloc",
      "o space for",  "failed to map",      "annot map",        "exceeds system limits", "memory error"};
  if (words.find("beyond") != words.npos) return false;
  return std::any_of(std::begin(kPhrases), std::end(kPhrases),
                     [&](std::string_view phrase) { return words.find(phrase) != words.npos; });
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
