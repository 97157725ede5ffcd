// The container of .aec files: header, index, tiles, extra chunks.
#include "io/container.h"

#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/aec.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  const auto header = ParseHeader(input, "a.aec");
  const auto container = ParseContainer(input, "a.aec");
  for (const Status& status : {header.status(), container.status()}) {
    if (status.ok()) continue;
    Promise(status.code() == StatusCode::kCorrupt || status.code() == StatusCode::kInput, "an .aec is at fault");
    PromiseMessage(status.message());
  }
  if (!container.ok()) return false;
  Promise(header.ok(), "a container that can be read has a header that can be read");
  const ContainerHeader& h = container.value().header;
  Promise(uint64_t{h.tile_columns()} * h.tile_rows() == container.value().tiles.size(), "every tile is there");
  const Bytes again = SerializeContainer(container.value());
  Promise(std::equal(again.begin(), again.end(), input.begin(), input.end()), "a container has one spelling");
  return true;
}

}  // namespace

std::vector<Bytes> AecSeeds() {
  std::vector<Bytes> seeds;
  for (const char* name : {"pixel", "gray", "deep", "gray-deep", "rgb-low", "tiles", "exact", "exact-drawing", "near",
                           "near-base", "exact-base", "exact-base-deep"})
    seeds.push_back(SourceFile(std::string("tests/golden/") + name + ".aec"));
  // The first one again, with alpha and all metadata.
  Container container = ParseContainer(seeds[0], "pixel.aec").value();
  container.extra = MetadataChunks(EveryPiece());
  container.extra.push_back({{'a', 'l', 'p', 'h'}, Encoded(MakeImage(1, 1, 1), "png")});
  seeds.push_back(SerializeContainer(container));
  return seeds;
}

Target ContainerTarget() { return {"container", Accepts, AecSeeds, MutateAec}; }

}  // namespace aecomp::fuzz
