#include "io/hash.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <new>

namespace aecomp {

namespace {

std::array<uint8_t, 16> Canonical(XXH128_hash_t value) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, value);
  std::array<uint8_t, 16> hash;
  std::copy_n(canonical.digest, hash.size(), hash.begin());
  return hash;
}

}  // namespace

std::array<uint8_t, 16> Hash128(std::span<const uint8_t> bytes) {
  return Canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

std::array<uint8_t, 16> Hash128(std::initializer_list<std::span<const uint8_t>> parts) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state.get());
  for (const std::span<const uint8_t> part : parts) XXH3_128bits_update(state.get(), part.data(), part.size());
  return Canonical(XXH3_128bits_digest(state.get()));
}

std::array<uint8_t, 8> Hash64(std::span<const uint8_t> bytes) {
  const auto all = Hash128(bytes);
  std::array<uint8_t, 8> hash;
  std::copy_n(all.begin(), hash.size(), hash.begin());
  return hash;
}

uint32_t Checksum32(std::span<const uint8_t> bytes, uint32_t seed) { return XXH32(bytes.data(), bytes.size(), seed); }

}  // namespace aecomp
