#include "io/container.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string_view>

#include "io/bytes.h"
#include "io/hash.h"

namespace aecomp {
namespace {

// The first byte is no text and has the top bit that a 7-bit channel loses; the line ends show a conversion either way.
constexpr std::array<uint8_t, 6> kMagic = {0x89, 'A', 'E', 'C', '\r', '\n'};

// The flags byte.
constexpr uint8_t kTileBits = 0x0f;  // log2 of the tile size
constexpr uint8_t kColour = 0x10, kSixteenBits = 0x20, kHasExtra = 0x40;
constexpr uint8_t kReserved = 0x80;

constexpr size_t kChecksumBytes = 4;

struct FullHeader {
  ContainerHeader header;
  uint32_t streams = 0;  ///< of each tile
  uint32_t extra_chunks = 0;
  uint32_t checksum = 0;  ///< of the header: seeds the others
};

void Require(bool condition) {
  if (!condition) std::abort();  // a mistake in this program, not in its input
}

bool SizeIsPossible(uint64_t width, uint64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide && width * height <= kMaxPixels;
}

bool TileSizeIsPossible(uint32_t size) {
  return size >= kMinTileSize && size <= kMaxTileSize && std::has_single_bit(size);
}

Status Damaged(const std::string& name, const std::string& what) {
  return CorruptError(name + ": damaged .aec file: " + what + "; fetch or make it again");
}

Status Truncated(const std::string& name) {
  return CorruptError(name + ": truncated .aec file: it ends before its content does; fetch or make it again");
}

Status CheckMagic(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) return CorruptError(name + ": empty, not an .aec file");
  const size_t n = std::min(bytes.size(), kMagic.size());
  if (std::equal(kMagic.begin(), kMagic.begin() + n, bytes.begin())) {
    return n < kMagic.size() ? Truncated(name) : Status();
  }
  const bool looks_alike = bytes.size() >= 4 && bytes[1] == 'A' && bytes[2] == 'E' && bytes[3] == 'C';
  if (looks_alike) return Damaged(name, "it was transferred as text (line ends or the top bit changed)");
  return CorruptError(name + ": not an .aec file");
}

Status CheckFlags(uint8_t flags, const std::string& name) {
  if (flags & kReserved) return Damaged(name, "unknown header flags");
  if (!TileSizeIsPossible(1u << (flags & kTileBits))) return Damaged(name, "impossible tile size");
  return {};
}

/// Of a header of version 2.
Status ReadTools(ByteReader& reader, ContainerHeader& header, const std::string& name) {
  const uint8_t tools = reader.U8();
  if (!reader.ok()) return Truncated(name);
  if (tools == 0) return Damaged(name, "version 2 without tools");
  if ((tools & ~(kToolQualityMap | kToolResidual | kToolPlanar | kToolNoBase | kToolZContext)) != 0) {
    return CorruptError(name + ": .aec file with tools that this program does not know; update aecomp");
  }
  header.planar = (tools & kToolPlanar) != 0, header.z_context = (tools & kToolZContext) != 0;
  header.residual = (tools & kToolResidual) != 0, header.base = (tools & kToolNoBase) == 0;
  if ((tools & kToolQualityMap) != 0) {
    header.map_strength = reader.U8(), header.map_reference = reader.U8();
    if (reader.ok() && header.map_strength == 0) return Damaged(name, "a map of qualities without strength");
  }
  if (!header.base && tools != (kToolResidual | kToolNoBase)) return Damaged(name, "tools that exclude each other");
  if (!header.residual) return {};
  const uint64_t most_error = reader.Varint();
  if (reader.ok() && most_error > kMaxResidualError) return Damaged(name, "impossible largest error");
  header.most_error = static_cast<uint32_t>(most_error);
  return {};
}

void WriteTools(const ContainerHeader& header, ByteWriter& writer) {
  writer.U8(header.tools());
  if (header.map_strength != 0) writer.U8(header.map_strength), writer.U8(header.map_reference);
  Require(header.most_error <= kMaxResidualError && (header.base || header.residual));
  if (header.residual) writer.Varint(header.most_error);
}

Result<FullHeader> ReadHeader(ByteReader& reader, std::span<const uint8_t> bytes, const std::string& name) {
  AECOMP_RETURN_IF_ERROR(CheckMagic(bytes, name));
  (void)reader.Bytes(kMagic.size());
  const uint8_t version = reader.U8();
  if (reader.ok() && (version < 1 || version > kFormatVersion)) {
    return CorruptError(name + ": .aec format version " + std::to_string(version) +
                        ", this program reads versions 1 to " + std::to_string(kFormatVersion) + "; update aecomp");
  }
  FullHeader full;
  const uint64_t width = reader.Varint(), height = reader.Varint();
  const uint8_t flags = reader.U8();
  full.header.quality = reader.U8();
  if (version == 2) AECOMP_RETURN_IF_ERROR(ReadTools(reader, full.header, name));
  const auto model = reader.Bytes(full.header.model.size());
  full.streams = reader.U8();
  const uint64_t extra = reader.ok() && (flags & kHasExtra) != 0 ? reader.Varint() : 0;
  const size_t end = reader.position();
  full.checksum = reader.U32();
  if (!reader.ok()) return reader.truncated() ? Truncated(name) : Damaged(name, "header");
  if (full.checksum != Checksum32(bytes.first(end))) return Damaged(name, "header checksum");
  if (!SizeIsPossible(width, height)) return Damaged(name, "impossible image size");
  AECOMP_RETURN_IF_ERROR(CheckFlags(flags, name));
  if (!full.header.base && full.streams != 1) return Damaged(name, "number of streams");
  if (extra > kMaxExtraChunks || (extra == 0 && (flags & kHasExtra) != 0)) return Damaged(name, "number of chunks");
  std::copy(model.begin(), model.end(), full.header.model.begin());
  full.header.width = static_cast<uint32_t>(width);
  full.header.height = static_cast<uint32_t>(height);
  full.header.channels = (flags & kColour) != 0 ? 3 : 1;
  full.header.bits = (flags & kSixteenBits) != 0 ? 16 : 8;
  full.header.tile_size = 1u << (flags & kTileBits);
  full.extra_chunks = static_cast<uint32_t>(extra);
  return full;
}

void WriteHeader(const FullHeader& full, ByteWriter& writer) {
  const ContainerHeader& header = full.header;
  Require(SizeIsPossible(header.width, header.height) && TileSizeIsPossible(header.tile_size));
  Require((header.channels == 1 || header.channels == 3) && (header.bits == 8 || header.bits == 16));
  writer.Bytes(kMagic);
  writer.U8(static_cast<uint8_t>(header.version()));
  writer.Varint(header.width);
  writer.Varint(header.height);
  auto flags = static_cast<uint8_t>(std::countr_zero(header.tile_size));
  if (header.channels == 3) flags |= kColour;
  if (header.bits == 16) flags |= kSixteenBits;
  if (full.extra_chunks > 0) flags |= kHasExtra;
  writer.U8(flags);
  writer.U8(header.quality);
  if (header.tools() != 0) WriteTools(header, writer);
  writer.Bytes(header.model);
  writer.U8(static_cast<uint8_t>(full.streams));
  if (full.extra_chunks > 0) writer.Varint(full.extra_chunks);
}

/// Of one tile: its number, the lengths as the index spells them, and its streams. Seeded with the header's checksum,
/// so that a tile is at home in one place of one file.
uint32_t TileChecksum(uint32_t seed, size_t tile, std::span<const uint8_t> lengths, std::span<const uint8_t> payload) {
  ByteWriter covered;
  covered.U32(Checksum32(lengths, seed + static_cast<uint32_t>(tile)));
  covered.U32(Checksum32(payload, seed + static_cast<uint32_t>(tile)));
  return Checksum32(covered.bytes());
}

void WriteTiles(const Container& container, const FullHeader& full, ByteWriter& writer) {
  std::vector<uint8_t> payloads;
  for (size_t t = 0; t < container.tiles.size(); ++t) {
    const size_t begin = payloads.size();
    ByteWriter lengths;
    for (const auto& stream : container.tiles[t].streams) {
      lengths.Varint(stream.size());
      payloads.insert(payloads.end(), stream.begin(), stream.end());
    }
    writer.Bytes(lengths.bytes());
    writer.U32(TileChecksum(full.checksum, t, lengths.bytes(), std::span(payloads).subspan(begin)));
  }
  writer.Bytes(payloads);
}

struct TileEntry {
  std::span<const uint8_t> spelling;  ///< of the lengths
  uint64_t bytes = 0;
  uint32_t checksum = 0;
};

Result<std::vector<TileEntry>> ReadIndex(ByteReader& reader, std::span<const uint8_t> bytes, const FullHeader& full,
                                         const std::string& name) {
  const uint64_t count = uint64_t{full.header.tile_columns()} * full.header.tile_rows();
  if (count * (full.streams + kChecksumBytes) > reader.remaining()) return Truncated(name);
  std::vector<TileEntry> index(count);
  uint64_t total = 0;
  for (TileEntry& entry : index) {
    const size_t begin = reader.position();
    for (uint32_t s = 0; s < full.streams; ++s) {
      const uint64_t length = reader.Varint();
      if (length > bytes.size()) return Truncated(name);
      // Found here, before memory is taken for the pixels.
      const bool of_residuals = full.header.residual && s + 1 == full.streams;
      if (of_residuals && length == 0) return Damaged(name, "empty stream of the residual layer");
      entry.bytes += length;
    }
    entry.spelling = bytes.subspan(begin, reader.position() - begin);
    entry.checksum = reader.U32();
    total += entry.bytes;
  }
  if (!reader.ok()) return reader.truncated() ? Truncated(name) : Damaged(name, "tile index");
  if (total > reader.remaining()) return Truncated(name);
  return index;
}

Result<TileStreams> ReadTile(ByteReader& reader, const FullHeader& full, const TileEntry& entry, size_t tile,
                             const std::string& name) {
  const auto payload = reader.Bytes(entry.bytes);
  if (!reader.ok()) return Truncated(name);
  if (TileChecksum(full.checksum, tile, entry.spelling, payload) != entry.checksum) {
    return Damaged(name, "checksum of tile " + std::to_string(tile));
  }
  TileStreams streams;
  ByteReader lengths(entry.spelling), data(payload);
  for (uint32_t s = 0; s < full.streams; ++s) {
    const auto stream = data.Bytes(lengths.Varint());
    streams.streams.emplace_back(stream.begin(), stream.end());
  }
  return streams;
}

uint32_t ChunkChecksum(uint32_t seed, std::span<const char, 4> type, std::span<const uint8_t> payload) {
  ByteWriter covered;
  for (const char c : type) covered.U8(static_cast<uint8_t>(c));
  covered.U32(Checksum32(payload, seed));
  return Checksum32(covered.bytes());
}

/// Types that FORMAT.md defines: each may come once.
Status CheckOnce(const std::vector<ExtraChunk>& chunks, const std::string& name) {
  static constexpr std::array<std::string_view, 10> kDefined = {"Rang", "Outl", "Filt", "alph", "iccp",
                                                                "exif", "xmpd", "text", "pngc", "reso"};
  for (const std::string_view type : kDefined) {
    const auto is_one = [&](const ExtraChunk& chunk) {
      return std::equal(type.begin(), type.end(), chunk.type.begin());
    };
    if (std::count_if(chunks.begin(), chunks.end(), is_one) > 1) {
      return Damaged(name, "its chunk " + std::string(type) + " comes more than once");
    }
  }
  return {};
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Result<ExtraChunk> ReadChunk(ByteReader& reader, uint32_t seed, const std::string& name) {
  ExtraChunk chunk;
  for (char& c : chunk.type) c = static_cast<char>(reader.U8());
  const uint64_t length = reader.Varint();
  const auto payload = reader.Bytes(length);
  const uint32_t checksum = reader.U32();
  if (!reader.ok()) return Truncated(name);
  const bool sound = std::all_of(chunk.type.begin(), chunk.type.end(), IsLetter);
  if (!sound || checksum != ChunkChecksum(seed, chunk.type, payload)) return Damaged(name, "checksum of a chunk");
  chunk.payload.assign(payload.begin(), payload.end());
  return chunk;
}

void WriteChunk(const ExtraChunk& chunk, uint32_t seed, ByteWriter& writer) {
  Require(std::all_of(chunk.type.begin(), chunk.type.end(), IsLetter));
  for (const char c : chunk.type) writer.U8(static_cast<uint8_t>(c));
  writer.Varint(chunk.payload.size());
  writer.Bytes(chunk.payload);
  writer.U32(ChunkChecksum(seed, chunk.type, chunk.payload));
}

}  // namespace

std::string ToHex(const ModelId& id) {
  std::string text;
  for (const uint8_t byte : id) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool LooksLikeContainer(std::span<const uint8_t> bytes) {
  return bytes.size() >= 4 && std::equal(kMagic.begin(), kMagic.begin() + 4, bytes.begin());
}

std::vector<uint8_t> SerializeContainer(const Container& container) {
  const ContainerHeader& header = container.header;
  FullHeader full;
  full.header = header;
  full.streams = container.tiles.empty() ? 0 : static_cast<uint32_t>(container.tiles[0].streams.size());
  full.extra_chunks = static_cast<uint32_t>(container.extra.size());
  Require(full.streams <= kMaxStreams && container.extra.size() <= kMaxExtraChunks);
  for (const TileStreams& tile : container.tiles) Require(tile.streams.size() == full.streams);
  ByteWriter writer;
  WriteHeader(full, writer);
  Require(container.tiles.size() == uint64_t{header.tile_columns()} * header.tile_rows());
  full.checksum = Checksum32(writer.bytes());
  writer.U32(full.checksum);
  WriteTiles(container, full, writer);
  for (const ExtraChunk& chunk : container.extra) WriteChunk(chunk, full.checksum, writer);
  return writer.Take();
}

Result<ContainerHeader> ParseHeader(std::span<const uint8_t> bytes, const std::string& name) {
  ByteReader reader(bytes);
  AECOMP_ASSIGN_OR_RETURN(const FullHeader full, ReadHeader(reader, bytes, name));
  return full.header;
}

Result<Container> ParseContainer(std::span<const uint8_t> bytes, const std::string& name) {
  ByteReader reader(bytes);
  AECOMP_ASSIGN_OR_RETURN(const FullHeader full, ReadHeader(reader, bytes, name));
  Container container;
  container.header = full.header;
  AECOMP_ASSIGN_OR_RETURN(const std::vector<TileEntry> index, ReadIndex(reader, bytes, full, name));
  container.tiles.reserve(index.size());
  for (size_t t = 0; t < index.size(); ++t) {
    AECOMP_ASSIGN_OR_RETURN(TileStreams tile, ReadTile(reader, full, index[t], t, name));
    container.tiles.push_back(std::move(tile));
  }
  for (uint32_t c = 0; c < full.extra_chunks; ++c) {
    AECOMP_ASSIGN_OR_RETURN(ExtraChunk chunk, ReadChunk(reader, full.checksum, name));
    container.extra.push_back(std::move(chunk));
  }
  AECOMP_RETURN_IF_ERROR(CheckOnce(container.extra, name));
  if (reader.remaining() != 0) return Damaged(name, std::to_string(reader.remaining()) + " bytes follow its end");
  return container;
}

}  // namespace aecomp
