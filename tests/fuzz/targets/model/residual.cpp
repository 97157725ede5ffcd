// The residual layer of a tile: a stream out of an .aec.
#include "model/residual/residual.h"

#include <cstring>

#include "io/bytes.h"
#include "io/metrics.h"
#include "tests/fuzz/target.h"

namespace aecomp::fuzz {
namespace {

constexpr size_t kSettings = 7;

struct Setting {
  int width, height, channels, bits, most_error;
  bool with_base;
};

Setting ReadSetting(ByteReader& reader) {
  const uint8_t kind = reader.U8();
  Setting s;
  s.width = 1 + reader.U16() % 300, s.height = 1 + reader.U16() % 60;
  s.channels = kind & 1 ? 3 : 1, s.bits = kind & 2 ? 16 : 8, s.with_base = kind & 4;
  s.most_error = reader.U16() % (residual::kMaxError + 1);
  return s;
}

/// A slope with steps, the same for every input.
Image BaseOf(const Setting& s) {
  Image base(s.width, s.height, s.channels, s.bits);
  for (size_t i = 0; i < base.pixels.size(); ++i) base.pixels[i] = static_cast<uint8_t>(i * 3 + i / 64 * 11);
  return base;
}

/// Input: the kind of tile, its size, the largest error; the stream.
bool Accepts(View input) {
  if (input.size() < kSettings) return false;
  ByteReader reader(input);
  const Setting s = ReadSetting(reader);
  const Image base = s.with_base ? BaseOf(s) : Image();
  const Image* const given = s.with_base ? &base : nullptr;
  Image tile(s.width, s.height, s.channels, s.bits);
  const Status status = residual::Decode(reader.Bytes(reader.remaining()), given, s.most_error, tile);
  if (!status.ok()) {
    Promise(status.code() == StatusCode::kCorrupt, "a bad stream is corrupt, and nothing else");
    PromiseMessage(status.message());
    return false;
  }
  // Whatever the stream held, its samples can be coded, and come back.
  Image again(s.width, s.height, s.channels, s.bits);
  const Bytes coded = residual::Encode(tile, given, s.most_error);
  Promise(residual::Decode(coded, given, s.most_error, again).ok(), "what was coded decodes");
  Promise(LargestDifference(tile, again) <= s.most_error, "no sample is farther off than the largest error");
  return true;
}

Bytes Seed(uint8_t kind, uint16_t width, uint16_t height, uint16_t most_error) {
  Bytes bytes{kind};
  for (const uint16_t v : {width, height, most_error}) {
    bytes.push_back(static_cast<uint8_t>(v)), bytes.push_back(static_cast<uint8_t>(v >> 8));
  }
  ByteReader reader(bytes);
  const Setting s = ReadSetting(reader);
  Image tile = BaseOf(s);
  for (size_t i = 0; i < tile.pixels.size(); i += 5) tile.pixels[i] = static_cast<uint8_t>(i / 17 % 4 * 60);
  const Image base = BaseOf(s);
  const Bytes stream = residual::Encode(tile, s.with_base ? &base : nullptr, s.most_error);
  bytes.insert(bytes.end(), stream.begin(), stream.end());
  return bytes;
}

std::vector<Bytes> Seeds() {
  std::vector<Bytes> seeds;
  for (uint8_t kind = 0; kind < 8; ++kind) {
    seeds.push_back(Seed(kind, 20, 12, 0));
    seeds.push_back(Seed(kind, 6, 40, 3));
    seeds.push_back(Seed(kind, 0, 0, 0));
  }
  return seeds;
}

}  // namespace

Target ResidualTarget() { return {"residual", &Accepts, &Seeds, nullptr}; }

}  // namespace aecomp::fuzz
