#include "model/codec/sample_range_chunk.h"

#include "io/bytes.h"

namespace aecomp {

ExtraChunk RangeChunk(const SampleRange& range) {
  ByteWriter writer;
  writer.U16(static_cast<uint16_t>(range.low));
  writer.U16(static_cast<uint16_t>(range.high));
  return {kRangeType, writer.Take()};
}

Result<SampleRange> ReadRange(const Container& container) {
  if (container.header.bits == 8) return SampleRange{};
  for (const ExtraChunk& chunk : container.extra) {
    if (chunk.type != kRangeType) continue;
    ByteReader reader(chunk.payload);
    const uint16_t low = reader.U16(), high = reader.U16();
    if (!reader.ok() || reader.remaining() != 0 || low >= high) break;
    return SampleRange{static_cast<float>(low), static_cast<float>(high)};
  }
  return CorruptError("has 16 bits a sample, but does not say in which range they lie");
}

}  // namespace aecomp
