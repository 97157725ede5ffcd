#include "io/deflate.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <new>

namespace aecomp {
namespace {

struct Free {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};
using Decompressor = std::unique_ptr<libdeflate_decompressor, Free>;
using Compressor = std::unique_ptr<libdeflate_compressor, Free>;

Decompressor MakeDecompressor() {
  Decompressor d(libdeflate_alloc_decompressor());
  if (d == nullptr) throw std::bad_alloc();
  return d;
}

}  // namespace

bool InflateExactly(std::span<const uint8_t> stream, std::span<uint8_t> result) {
  // Without a place for the number of bytes, fewer than asked for are a failure.
  return libdeflate_zlib_decompress(MakeDecompressor().get(), stream.data(), stream.size(), result.data(),
                                    result.size(), nullptr) == LIBDEFLATE_SUCCESS;
}

bool Inflate(std::span<const uint8_t> stream, size_t most, std::vector<uint8_t>& result) {
  const Decompressor decompressor = MakeDecompressor();
  std::vector<uint8_t> bytes;
  size_t count = 0;
  for (size_t room = std::min(most, 4 * stream.size() + 64);; room = std::min(most, 4 * room)) {
    bytes.resize(room);
    const libdeflate_result status =
        libdeflate_zlib_decompress(decompressor.get(), stream.data(), stream.size(), bytes.data(), room, &count);
    if (status == LIBDEFLATE_SUCCESS) break;
    if (status != LIBDEFLATE_INSUFFICIENT_SPACE || room == most) return false;
  }
  bytes.resize(count);
  result = std::move(bytes);
  return true;
}

std::vector<uint8_t> Deflate(std::span<const uint8_t> bytes, int level) {
  const Compressor compressor(libdeflate_alloc_compressor(level));
  if (compressor == nullptr) throw std::bad_alloc();
  const size_t most = libdeflate_zlib_compress_bound(compressor.get(), bytes.size());
  const auto room = std::make_unique_for_overwrite<uint8_t[]>(most);  // a vector would touch all of it
  const size_t size = libdeflate_zlib_compress(compressor.get(), bytes.data(), bytes.size(), room.get(), most);
  return {room.get(), room.get() + size};
}

uint32_t Crc32(std::span<const uint8_t> bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

}  // namespace aecomp
