#include "app/eval/result_cache.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "io/file.h"

namespace aecomp {
namespace {

namespace fs = std::filesystem;

struct Entry {
  fs::path path;
  uint64_t size;
  fs::file_time_type time;
};

std::vector<Entry> EntriesIn(const std::string& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone)) continue;
    const uint64_t size = it->file_size(gone);
    const auto time = it->last_write_time(gone);
    if (!gone) entries.push_back({it->path(), size, time});
  }
  return entries;
}

}  // namespace

ResultCache ResultCache::OfUser() {
  const char *const cache = std::getenv("XDG_CACHE_HOME"), *const home = std::getenv("HOME");
  if (cache != nullptr && *cache == '/') return ResultCache(std::string(cache) + "/aecomp/eval");
  if (home != nullptr && *home == '/') return ResultCache(std::string(home) + "/.cache/aecomp/eval");
  return {};
}

std::string ResultCache::PathOf(const std::string& key) const { return folder_ + "/" + key.substr(0, 2) + "/" + key; }

std::optional<std::vector<uint8_t>> ResultCache::Read(const std::string& key) const {
  if (!enabled()) return std::nullopt;
  auto bytes = ReadFile(PathOf(key));
  if (!bytes.ok()) return std::nullopt;
  return std::move(bytes).value();
}

void ResultCache::Write(const std::string& key, std::span<const uint8_t> bytes) const {
  if (!enabled()) return;
  std::error_code error;
  fs::create_directories(fs::path(PathOf(key)).parent_path(), error);
  (void)WriteFileAtomically(PathOf(key), bytes, true);
}

void ResultCache::Write(const std::string& key, std::string_view text) const {
  Write(key, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void ResultCache::Shrink(uint64_t bytes) const {
  if (!enabled()) return;
  std::vector<Entry> entries = EntriesIn(folder_);
  uint64_t sum = 0;
  for (const Entry& entry : entries) sum += entry.size;
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time < b.time; });
  for (const Entry& entry : entries) {
    if (sum <= bytes) return;
    std::error_code error;
    fs::remove(entry.path, error);
    sum -= entry.size;
  }
}

}  // namespace aecomp
