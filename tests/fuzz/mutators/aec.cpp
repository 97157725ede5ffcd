#include "tests/fuzz/mutators/aec.h"

#include <algorithm>

#include "io/bytes.h"
#include "io/container.h"
#include "io/deflate.h"
#include "io/hash.h"
#include "tests/fuzz/mutators/png.h"

namespace aecomp::fuzz {
namespace {

constexpr size_t kMostOfAPiece = 1 << 16;

/// An .aec in pieces, none of which need fit the others: unlike Container this can be written whatever it holds.
struct LooseAec {
  Bytes header;  // all before its checksum
  std::vector<std::vector<Bytes>> tiles;
  std::vector<ExtraChunk> extra;
};

/// Goes past what lies between the flags and the number of chunks: quality, tools, model, number of streams.
void PassFields(ByteReader& reader, uint8_t version) {
  reader.U8();
  const uint8_t tools = version == 1 ? 0 : reader.U8();
  if ((tools & kToolQualityMap) != 0) reader.U16();
  if ((tools & kToolResidual) != 0) reader.Varint();
  reader.Bytes(9);
}

LooseAec Loosened(const Bytes& input, const Container& container) {
  LooseAec loose;
  ByteReader reader(input);
  reader.Bytes(7);
  reader.Varint(), reader.Varint();
  const bool has_extra = (reader.U8() & 0x40) != 0;
  PassFields(reader, input[6]);
  if (has_extra) reader.Varint();
  loose.header.assign(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(reader.position()));
  for (const TileStreams& tile : container.tiles) loose.tiles.push_back(tile.streams);
  loose.extra = container.extra;
  return loose;
}

/// io/FORMAT.md: checksums of tiles and chunks are seeded with that of the header.
Bytes Written(const LooseAec& loose) {
  ByteWriter file;
  file.Bytes(loose.header);
  const uint32_t seed = Checksum32(loose.header);
  file.U32(seed);
  for (size_t t = 0; t < loose.tiles.size(); ++t) {
    ByteWriter lengths, payload, covered;
    for (const Bytes& stream : loose.tiles[t]) lengths.Varint(stream.size()), payload.Bytes(stream);
    covered.U32(Checksum32(lengths.bytes(), seed + static_cast<uint32_t>(t)));
    covered.U32(Checksum32(payload.bytes(), seed + static_cast<uint32_t>(t)));
    file.Bytes(lengths.bytes());
    file.U32(Checksum32(covered.bytes()));
  }
  for (const auto& tile : loose.tiles) {
    for (const Bytes& stream : tile) file.Bytes(stream);
  }
  for (const ExtraChunk& chunk : loose.extra) {
    ByteWriter covered;
    for (const char c : chunk.type) covered.U8(static_cast<uint8_t>(c)), file.U8(static_cast<uint8_t>(c));
    covered.U32(Checksum32(chunk.payload, seed));
    file.Varint(chunk.payload.size());
    file.Bytes(chunk.payload);
    file.U32(Checksum32(covered.bytes()));
  }
  return file.Take();
}

/// The header with another number of chunks, and its flag set or cleared.
Bytes WithChunkCount(const Bytes& header, size_t count) {
  ByteReader reader(header);
  reader.Bytes(7);
  reader.Varint(), reader.Varint();
  const size_t flags = reader.position();
  ByteWriter writer;
  writer.Bytes(View(header).first(flags));
  writer.U8(static_cast<uint8_t>((header[flags] & ~0x40) | (count > 0 ? 0x40 : 0)));
  reader.U8();
  PassFields(reader, header[6]);
  writer.Bytes(View(header).subspan(flags + 1, reader.position() - flags - 1));
  if (count > 0) writer.Varint(count);
  return writer.Take();
}

/// What is compressed is changed before it is compressed, PNG chunks with their CRCs.
void MutatePayload(ExtraChunk& chunk, Random& random, const RawMutator& raw) {
  const std::string type(chunk.type.begin(), chunk.type.end());
  Bytes inside;
  if (type == "alph") {
    chunk.payload = MutatePng(chunk.payload, random, raw);
  } else if (random() % 4 != 0 && Inflate(chunk.payload, kMostOfAPiece, inside)) {
    const bool chunks = type == "text" || type == "pngc";
    inside = chunks && random() % 4 != 0 ? MutatePngChunks(inside, random, raw) : raw(inside, kMostOfAPiece);
    chunk.payload = Deflate(inside, 1);
  } else {
    chunk.payload = raw(chunk.payload, kMostOfAPiece);
  }
}

void MutateChunks(LooseAec& loose, Random& random, const RawMutator& raw) {
  static constexpr std::array<const char*, 8> kTypes = {"Rang", "alph", "iccp", "exif", "xmpd", "text", "pngc", "zzzz"};
  std::vector<ExtraChunk>& extra = loose.extra;
  const size_t kind = extra.empty() ? 0 : random() % 8;
  if (kind == 0) {
    ExtraChunk chunk;
    std::copy_n(kTypes[random() % kTypes.size()], 4, chunk.type.begin());
    chunk.payload = random() % 2 == 0 ? Deflate(raw({}, 64), 1) : raw({}, 64);
    extra.insert(extra.begin() + static_cast<std::ptrdiff_t>(random() % (extra.size() + 1)), std::move(chunk));
  } else if (kind == 1) {
    extra.push_back(extra[random() % extra.size()]);
  } else if (kind == 2) {
    extra.erase(extra.begin() + static_cast<std::ptrdiff_t>(random() % extra.size()));
  } else if (kind == 3) {
    std::copy_n(kTypes[random() % kTypes.size()], 4, extra[random() % extra.size()].type.begin());
  } else {
    MutatePayload(extra[random() % extra.size()], random, raw);
  }
  loose.header = WithChunkCount(loose.header, extra.size());
}

}  // namespace

Bytes MutateAec(const Bytes& input, Random& random, const RawMutator& raw) {
  const auto container = ParseContainer(input, "a.aec");
  if (!container.ok()) return raw(input, input.size() + kMostOfAPiece);
  LooseAec loose = Loosened(input, container.value());
  const size_t kind = random() % 8;
  if (kind == 0) {  // the fields behind magic and version, each of some bytes
    Bytes fields(loose.header.begin() + 7, loose.header.end());
    fields = raw(fields, 40);
    loose.header.resize(7);
    loose.header.insert(loose.header.end(), fields.begin(), fields.end());
  } else if (kind <= 3) {
    MutateChunks(loose, random, raw);
  } else {
    auto& tile = loose.tiles[random() % loose.tiles.size()];
    if (tile.empty()) return raw(input, input.size() + kMostOfAPiece);
    Bytes& stream = tile[random() % tile.size()];
    stream = raw(stream, stream.size() + 64);
  }
  return Written(loose);
}

}  // namespace aecomp::fuzz
