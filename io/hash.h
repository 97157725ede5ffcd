// Hashes: who a model is, and whether bytes arrived whole. Not against an attacker: neither is cryptographic.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace aecomp {

/// XXH3, 128 bits, in the canonical (big-endian) order of xxHash.
std::array<uint8_t, 16> Hash128(std::span<const uint8_t> bytes);
/// The same of several parts, one after the other.
std::array<uint8_t, 16> Hash128(std::initializer_list<std::span<const uint8_t>> parts);

/// The first 64 bits of Hash128: a ModelId.
std::array<uint8_t, 8> Hash64(std::span<const uint8_t> bytes);

/// XXH32, the checksum of the container.
uint32_t Checksum32(std::span<const uint8_t> bytes, uint32_t seed = 0);

}  // namespace aecomp
