#include "io/hash.h"

#include <xxhash.h>

#include <algorithm>

namespace aecomp {

std::array<uint8_t, 16> Hash128(std::span<const uint8_t> bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  std::array<uint8_t, 16> hash;
  std::copy_n(canonical.digest, hash.size(), hash.begin());
  return hash;
}

std::array<uint8_t, 8> Hash64(std::span<const uint8_t> bytes) {
  const auto all = Hash128(bytes);
  std::array<uint8_t, 8> hash;
  std::copy_n(all.begin(), hash.size(), hash.begin());
  return hash;
}

uint32_t Checksum32(std::span<const uint8_t> bytes, uint32_t seed) { return XXH32(bytes.data(), bytes.size(), seed); }

}  // namespace aecomp
