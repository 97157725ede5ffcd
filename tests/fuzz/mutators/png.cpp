#include "tests/fuzz/mutators/png.h"

#include <algorithm>
#include <array>

#include "io/deflate.h"
#include "io/formats/png_chunks.h"

namespace aecomp::fuzz {
namespace {

constexpr size_t kMostOfAChunk = 1 << 16;

struct LooseChunk {
  std::string type;
  Bytes content;
};

/// Where compressed content begins: IDAT is nothing else, iCCP and zTXt have it behind a name and a method.
size_t CompressedFrom(const LooseChunk& chunk) {
  if (chunk.type == "IDAT") return 0;
  if (chunk.type != "iCCP" && chunk.type != "zTXt") return chunk.content.size();
  const auto end = std::find(chunk.content.begin(), chunk.content.end(), 0);
  return std::min(chunk.content.size(), static_cast<size_t>(end - chunk.content.begin()) + 2);
}

void MutateContent(LooseChunk& chunk, Random& random, const RawMutator& raw) {
  const size_t from = CompressedFrom(chunk);
  Bytes inside;
  if (random() % 3 != 0 && from < chunk.content.size() &&
      Inflate(View(chunk.content).subspan(from), kMostOfAChunk, inside)) {
    const Bytes packed = Deflate(raw(inside, kMostOfAChunk), 1);
    chunk.content.resize(from);
    chunk.content.insert(chunk.content.end(), packed.begin(), packed.end());
  } else {
    chunk.content = raw(chunk.content, kMostOfAChunk);
  }
}

std::string AnyType(Random& random) {
  static constexpr std::array<const char*, 20> kTypes = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM",
                                                         "sRGB", "iCCP", "sBIT", "bKGD", "hIST", "pHYs", "tIME",
                                                         "tEXt", "zTXt", "iTXt", "eXIf", "cICP", "acTL"};
  return kTypes[random() % kTypes.size()];
}

void MutateList(std::vector<LooseChunk>& chunks, Random& random, const RawMutator& raw) {
  const size_t at = chunks.empty() ? 0 : random() % chunks.size();
  const auto place = chunks.begin() + static_cast<std::ptrdiff_t>(at);
  const size_t kind = chunks.empty() ? 0 : random() % 10;
  if (kind == 0) {
    chunks.insert(place, {AnyType(random), raw({}, 64)});
  } else if (kind == 1) {
    const LooseChunk copy = chunks[at];
    chunks.insert(chunks.begin() + static_cast<std::ptrdiff_t>(random() % (chunks.size() + 1)), copy);
  } else if (kind == 2) {
    chunks.erase(place);
  } else if (kind == 3) {
    chunks[at].type = AnyType(random);
  } else if (kind == 4) {
    std::swap(chunks[at], chunks[random() % chunks.size()]);
  } else {
    MutateContent(chunks[at], random, raw);
  }
}

Bytes MutateBehind(size_t begin, const Bytes& input, Random& random, const RawMutator& raw) {
  std::vector<LooseChunk> chunks;
  const bool complete = begin <= input.size() && ForEachPngChunk(input, begin, [&](const PngChunk& chunk) {
                          chunks.push_back({std::string(chunk.type), {chunk.content.begin(), chunk.content.end()}});
                        });
  // What follows the last whole chunk is lost, now and then it is all that is changed.
  if (!complete && random() % 2 == 0) return raw(input, input.size() + kMostOfAChunk);
  MutateList(chunks, random, raw);
  Bytes output(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(std::min(begin, input.size())));
  for (const LooseChunk& chunk : chunks) AppendPngChunk(output, chunk.type, chunk.content);
  return output;
}

}  // namespace

Bytes MutatePng(const Bytes& input, Random& random, const RawMutator& raw) {
  const bool is_png =
      input.size() > kPngSignature.size() && std::equal(kPngSignature.begin(), kPngSignature.end(), input.begin());
  if (!is_png) return raw(input, input.size() + kMostOfAChunk);
  return MutateBehind(kPngSignature.size(), input, random, raw);
}

Bytes MutatePngChunks(const Bytes& chunks, Random& random, const RawMutator& raw) {
  return MutateBehind(0, chunks, random, raw);
}

}  // namespace aecomp::fuzz
