#include "model/portable/hash.h"

namespace aecomp_portable {
namespace {

constexpr uint32_t k32[] = {0, 2654435761u, 2246822519u, 3266489917u, 668265263u, 374761393u};
constexpr uint64_t k64[] = {
    0, 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5};

/// The specification's default secret.
constexpr uint8_t kSecret[192] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4,
    0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e,
    0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43,
    0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb,
    0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19,
    0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7,
    0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78,
    0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16,
    0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
    0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e};

uint32_t Rotate(uint32_t v, int bits) { return v << bits | v >> (32 - bits); }
uint32_t Read32(const uint8_t* p) { return p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24; }
uint64_t Read64(const uint8_t* p) { return Read32(p) | static_cast<uint64_t>(Read32(p + 4)) << 32; }

using Lanes = uint64_t[8];

void Accumulate(Lanes& lanes, const uint8_t* stripe, const uint8_t* secret) {
  for (int i = 0; i < 8; ++i) {
    const uint64_t value = Read64(stripe + 8 * i), key = value ^ Read64(secret + 8 * i);
    lanes[i ^ 1] += value;
    lanes[i] += (key & 0xFFFFFFFF) * (key >> 32);
  }
}

void Scramble(Lanes& lanes) {
  for (int i = 0; i < 8; ++i) {
    lanes[i] = ((lanes[i] ^ lanes[i] >> 47) ^ Read64(kSecret + 128 + 8 * i)) * k32[1];
  }
}

/// Low half of a * b, exclusive or with the high half.
uint64_t Fold(uint64_t a, uint64_t b) {
  const uint64_t a0 = a & 0xFFFFFFFF, a1 = a >> 32, b0 = b & 0xFFFFFFFF, b1 = b >> 32;
  const uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (middle & 0xFFFFFFFF);
  return (a1 * b1 + (middle >> 32) + (other >> 32)) ^ (other << 32 | (low & 0xFFFFFFFF));
}

uint64_t Merge(const Lanes& lanes, const uint8_t* secret, uint64_t result) {
  for (int i = 0; i < 4; ++i) {
    result += Fold(lanes[2 * i] ^ Read64(secret + 16 * i), lanes[2 * i + 1] ^ Read64(secret + 16 * i + 8));
  }
  result = (result ^ result >> 37) * 0x165667919E3779F9;
  return result ^ result >> 32;
}

}  // namespace

uint32_t Xxh32(uint32_t seed, const uint8_t* data, size_t size) {
  size_t at = 0;
  uint32_t h = seed + k32[5];
  if (size >= 16) {
    uint32_t lane[4] = {seed + k32[1] + k32[2], seed + k32[2], seed, seed - k32[1]};
    for (; at + 16 <= size; at += 16) {
      for (size_t i = 0; i < 4; ++i) lane[i] = Rotate(lane[i] + Read32(data + at + 4 * i) * k32[2], 13) * k32[1];
    }
    h = Rotate(lane[0], 1) + Rotate(lane[1], 7) + Rotate(lane[2], 12) + Rotate(lane[3], 18);
  }
  h += static_cast<uint32_t>(size);
  for (; at + 4 <= size; at += 4) h = Rotate(h + Read32(data + at) * k32[3], 17) * k32[4];
  for (; at < size; ++at) h = Rotate(h + data[at] * k32[5], 11) * k32[1];
  h = (h ^ h >> 15) * k32[2];
  h = (h ^ h >> 13) * k32[3];
  return h ^ h >> 16;
}

std::string ModelId(Bytes file) {
  constexpr size_t kStripe = 64, kStripes = 16, kBlock = kStripe * kStripes;
  const size_t size = file.size();
  if (size <= 240) return "";
  Lanes lanes = {k32[3], k64[1], k64[2], k64[3], k64[4], k32[2], k64[5], k32[1]};
  const uint8_t* data = file.data();
  const size_t blocks = (size - 1) / kBlock, rest = (size - 1 - blocks * kBlock) / kStripe;
  for (size_t b = 0; b < blocks; ++b, data += kBlock) {
    for (size_t s = 0; s < kStripes; ++s) Accumulate(lanes, data + s * kStripe, kSecret + 8 * s);
    Scramble(lanes);
  }
  for (size_t s = 0; s < rest; ++s) Accumulate(lanes, data + s * kStripe, kSecret + 8 * s);
  Accumulate(lanes, file.data() + size - kStripe, kSecret + 128 - 7);
  const uint64_t high = Merge(lanes, kSecret + 128 - 11, ~(size * k64[2]));
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[high >> shift & 15];
  return digits;
}

uint32_t Crc32(const uint8_t* data, size_t size) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t v = i;
    for (int k = 0; k < 8; ++k) v = v >> 1 ^ (0xEDB88320u & (0 - (v & 1)));
    table[i] = v;
  }
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; ++i) crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
  return ~crc;
}

uint32_t Adler32(const uint8_t* data, size_t size) {
  constexpr uint32_t kModulus = 65521;
  constexpr size_t kMost = 5552;  // bytes whose sums stay below 2^32
  uint32_t a = 1, b = 0;
  for (size_t at = 0; at < size;) {
    for (const size_t end = size - at > kMost ? at + kMost : size; at < end; ++at) a += data[at], b += a;
    a %= kModulus, b %= kModulus;
  }
  return b << 16 | a;
}

}  // namespace aecomp_portable
