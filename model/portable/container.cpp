#include "model/portable/container.h"

#include "model/portable/hash.h"

namespace aecomp_portable {
namespace {

struct Seed {
  uint32_t checksum = 0;
  int streams = 0;
  uint64_t chunks = 0;
};

void Put32(uint32_t v, uint8_t* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(v >> 8 * i);
}

Status ReadFlags(uint8_t flags, aecp_info* info) {
  const int tile_bits = flags & 15;
  if ((flags & 128) != 0 || tile_bits < 6 || tile_bits > 13) return Corrupt("damaged: its header has impossible flags");
  info->tile_size = 1u << tile_bits;
  info->channels = (flags & 16) != 0 ? 3 : 1;
  info->bits = (flags & 32) != 0 ? 16 : 8;
  return {};
}

/// What a version 2 header says beyond version 1.
Status ReadTools(Bytes& file, Container* c) {
  if (c->info.format_version == 1) return {};
  c->tools = file.U8();
  if (!file.ok()) return Corrupt("truncated");
  if (c->tools == 0) return Corrupt("damaged: its header is of version 2, but names no tool of it");
  if ((c->tools & ~kKnownTools) != 0) {
    return Corrupt("needs a newer decoder: it uses tools " + std::to_string(c->tools & ~kKnownTools) +
                   " of the format that this one does not know");
  }
  if ((c->tools & kQualitiesByPlace) != 0) {
    c->strength = file.U8(), c->reference = file.U8();
    if (file.ok() && c->strength == 0) return Corrupt("damaged: its map of qualities has no strength");
  }
  if (!c->has_base() && c->tools != (kResidual | kNoBase)) return Corrupt("damaged: its tools exclude each other");
  const uint64_t most_error = (c->tools & kResidual) != 0 ? file.Varint() : 0;
  c->most_error = static_cast<int>(most_error);
  return most_error > 32767 ? Corrupt("damaged: impossible largest error") : Status();
}

Status ReadHeader(Bytes& file, Container* c, Seed* seed) {
  static constexpr uint8_t kMagic[6] = {0x89, 'A', 'E', 'C', '\r', '\n'};
  if (file.size() < 6 || std::memcmp(file.Take(6).data(), kMagic, 6) != 0) return Corrupt("not an .aec file");
  c->info.format_version = file.U8();
  if (file.ok() && (c->info.format_version < 1 || c->info.format_version > 2)) {
    return Corrupt(".aec format version " + std::to_string(c->info.format_version) +
                   ", this decoder reads versions 1 and 2; use a newer one");
  }
  const uint64_t width = file.Varint(), height = file.Varint();
  const uint8_t flags = file.U8();
  c->info.quality = file.U8();
  PORTABLE_TRY(ReadTools(file, c));
  const Bytes id = file.Take(8);
  seed->streams = file.U8();
  if (file.ok() && (flags & 64) != 0) seed->chunks = file.Varint();
  const size_t end = file.position();
  const uint32_t expected = file.U32();
  if (!file.ok()) return Corrupt("truncated, or its header is damaged");
  seed->checksum = Xxh32(0, file.data(), end);
  if (expected != seed->checksum) return Corrupt("damaged: the checksum of its header is wrong");
  constexpr uint64_t kSide = 1 << 20, kPixels = 1 << 30;
  if (width < 1 || height < 1 || width > kSide || height > kSide || width * height > kPixels) {
    return Corrupt("damaged: impossible size");
  }
  c->info.width = static_cast<uint32_t>(width), c->info.height = static_cast<uint32_t>(height);
  PORTABLE_TRY(ReadFlags(flags, &c->info));
  if (c->has_base() ? (c->tools & kResidual) != 0 && seed->streams == 0 : seed->streams != 1) {
    return Corrupt("damaged: number of streams");
  }
  if (seed->chunks > 1024 || ((flags & 64) != 0 && seed->chunks == 0)) return Corrupt("damaged: number of chunks");
  for (size_t i = 0; i < 16 && c->has_base(); ++i)
    c->info.model_id[i] = "0123456789abcdef"[id[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
  return {};
}

struct TileEntry {
  Bytes spelling;  ///< of the lengths
  std::vector<uint64_t> lengths;
  uint32_t checksum;
};

Status ReadTiles(Bytes& file, const Seed& seed, Container* c) {
  const aecp_info& i = c->info;
  const uint64_t across = (i.width + i.tile_size - 1) / i.tile_size, down = (i.height + i.tile_size - 1) / i.tile_size;
  if (across * down * (static_cast<uint64_t>(seed.streams) + 4) > file.remaining()) return Corrupt("truncated");
  std::vector<TileEntry> index(static_cast<size_t>(across * down));
  for (TileEntry& entry : index) {
    const size_t begin = file.position();
    for (int s = 0; s < seed.streams; ++s) entry.lengths.push_back(file.Varint());
    entry.spelling = Bytes(file.data() + begin, file.position() - begin);
    entry.checksum = file.U32();
  }
  if (!file.ok()) return Corrupt("truncated, or its index is damaged");
  for (size_t t = 0; t < index.size(); ++t) {
    const size_t begin = file.position();
    std::vector<Bytes>& streams = c->tiles.emplace_back();
    for (const uint64_t length : index[t].lengths) streams.push_back(file.Take(length));
    if (!file.ok()) return Corrupt("truncated");
    if ((c->tools & kResidual) != 0) c->residuals.push_back(streams.back()), streams.pop_back();
    const uint32_t own = seed.checksum + static_cast<uint32_t>(t);
    uint8_t sums[8];
    Put32(Xxh32(own, index[t].spelling.data(), index[t].spelling.size()), sums);
    Put32(Xxh32(own, file.data() + begin, file.position() - begin), sums + 4);
    if (Xxh32(0, sums, 8) != index[t].checksum) {
      return Corrupt("damaged: the checksum of tile " + std::to_string(t) + " is wrong");
    }
  }
  return {};
}

/// Types of FORMAT.md. Each may come once; of others those with a lower-case letter first are passed over.
bool IsDefined(const char* type) {
  for (const char* one : {"Rang", "Outl", "Filt", "alph", "iccp", "exif", "xmpd", "text", "pngc", "reso"}) {
    if (std::memcmp(type, one, 4) == 0) return true;
  }
  return false;
}

Status ReadChunk(Bytes& file, uint32_t seed, Container* c) {
  Chunk chunk = {};
  const Bytes type = file.Take(4);
  chunk.content = file.Take(file.Varint());
  const uint32_t expected = file.U32();
  if (!file.ok()) return Corrupt("truncated");
  uint8_t covered[8];
  std::memcpy(covered, type.data(), 4), std::memcpy(chunk.type, type.data(), 4);
  Put32(Xxh32(seed, chunk.content.data(), chunk.content.size()), covered + 4);
  bool letters = true;
  for (int i = 0; i < 4; ++i) {
    const char lower = static_cast<char>(chunk.type[i] | 32);
    letters = letters && lower >= 'a' && lower <= 'z';
  }
  if (!letters || expected != Xxh32(0, covered, 8)) return Corrupt("damaged: the checksum of a chunk is wrong");
  if (!IsDefined(chunk.type)) {
    if (chunk.type[0] >= 'a') return {};
    return Corrupt(std::string("needs a newer decoder: its chunk ") + chunk.type + " is not known here");
  }
  if (c->Find(chunk.type) != nullptr) {
    return Corrupt(std::string("damaged: its chunk ") + chunk.type + " comes more than once");
  }
  c->chunks.push_back(chunk);
  return {};
}

}  // namespace

const Chunk* Container::Find(const char* type) const {
  for (const Chunk& chunk : chunks) {
    if (std::memcmp(chunk.type, type, 4) == 0) return &chunk;
  }
  return nullptr;
}

Status ReadContainer(Bytes file, Container* container) {
  *container = {};
  Seed seed;
  PORTABLE_TRY(ReadHeader(file, container, &seed));
  PORTABLE_TRY(ReadTiles(file, seed, container));
  for (uint64_t n = 0; n < seed.chunks; ++n) PORTABLE_TRY(ReadChunk(file, seed.checksum, container));
  if (file.remaining() != 0) return Corrupt("damaged: " + std::to_string(file.remaining()) + " bytes follow its end");
  container->info.has_alpha = container->Find("alph") != nullptr;
  return {};
}

}  // namespace aecomp_portable
