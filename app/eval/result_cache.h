// Results that cost time, kept between runs in the user's cache folder by a hash of everything they depend on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aecomp {

class ResultCache {
 public:
  /// Keeps nothing and knows nothing.
  ResultCache() = default;
  explicit ResultCache(std::string folder) : folder_(std::move(folder)) {}

  /// aecomp/eval below XDG_CACHE_HOME, or below ~/.cache; without a cache where neither is known.
  static ResultCache OfUser();

  bool enabled() const { return !folder_.empty(); }
  const std::string& folder() const { return folder_; }

  /// key: of hexadecimal digits, as HashText makes it. What cannot be read counts as not there.
  std::optional<std::vector<uint8_t>> Read(const std::string& key) const;
  /// Whole or not at all; what cannot be written is not kept, for a full disk must not end a measurement.
  void Write(const std::string& key, std::span<const uint8_t> bytes) const;
  void Write(const std::string& key, std::string_view text) const;

  /// Removes the oldest entries until no more than `bytes` are left.
  void Shrink(uint64_t bytes) const;

 private:
  std::string PathOf(const std::string& key) const;

  std::string folder_;
};

}  // namespace aecomp
