#include "tests/fuzz/mutators/safetensors.h"

#include "io/bytes.h"

namespace aecomp::fuzz {

Bytes MutateSafetensors(const Bytes& input, Random& random, const RawMutator& raw) {
  constexpr size_t kGrowth = 4096;
  ByteReader reader(input);
  const uint64_t length = reader.U64();
  const View header = reader.Bytes(length);
  if (!reader.ok()) return raw(input, input.size() + kGrowth);
  const View data = reader.Bytes(reader.remaining());
  Bytes new_header(header.begin(), header.end()), new_data(data.begin(), data.end());
  // Tensors cover the data exactly, so data of another length alone are refused at once.
  if (random() % 2 == 0) {
    new_header = raw(new_header, new_header.size() + kGrowth);
  } else {
    new_data = raw(new_data, new_data.size());
    new_data.resize(data.size());
  }
  ByteWriter writer;
  writer.U64(new_header.size());
  writer.Bytes(new_header);
  writer.Bytes(new_data);
  return writer.Take();
}

}  // namespace aecomp::fuzz
