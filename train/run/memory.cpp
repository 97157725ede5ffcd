#include "train/run/memory.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace aecomp {
namespace {

constexpr int64_t kUnknown = int64_t{2} << 30;

/// The number in a file of one line; -1 when there is none ("max").
int64_t ReadNumber(const char* path) {
  std::ifstream file(path);
  int64_t number = -1;
  return file >> number ? number : -1;
}

int64_t SystemAvailable() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (int64_t kib = 0; file >> name >> kib && std::getline(file, unit);) {
    if (name == "MemAvailable:") return kib * 1024;
  }
  return kUnknown;
}

}  // namespace

int64_t AvailableMemory() {
  int64_t available = SystemAvailable();
  // Inside a container the group's own files lie at the root: version 2, then 1.
  for (const auto& [limit, usage] :
       {std::pair{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        std::pair{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}}) {
    const int64_t most = ReadNumber(limit), used = ReadNumber(usage);
    if (most > 0 && used >= 0) available = std::min(available, std::max<int64_t>(most - used, 0));
  }
  return available;
}

}  // namespace aecomp
