// A whole .aec file as `aecomp decompress` reads it, with the small model of tests/golden.
#include "io/formats/alpha.h"
#include "io/hash.h"
#include "model/codec/codec.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/aec.h"

namespace aecomp::fuzz {
namespace {

constexpr uint64_t kMostPixels = 1 << 16;  // decoding more is slow, and not because anything is wrong

Codec& TheCodec() {
  static Codec codec(std::shared_ptr<Model>(
      ParseModel(SourceFile("tests/golden/golden.aecm"), "golden.aecm", ModelUse::kDecompression).value()));
  return codec;
}

/// Of the input's bytes, so that an input is an .aec and no more.
Region AnyRegion(View input, const ContainerHeader& header) {
  Random random(Checksum32(input));
  Region region;
  region.x = random() % header.width, region.y = random() % header.height;
  region.width = 1 + random() % (header.width - region.x);
  region.height = 1 + random() % (header.height - region.y);
  return region;
}

Result<Image> Decompressed(const Container& container, const std::optional<Region>& region) {
  const ContainerHeader& h = container.header;
  AECOMP_ASSIGN_OR_RETURN(Image image,
                          TheCodec().Decompress(container, "a.aec", region.value_or(Region{0, 0, h.width, h.height})));
  AECOMP_RETURN_IF_ERROR(MetadataFromChunks(container.extra, "a.aec").status());
  return RestoreAlpha(std::move(image), container.extra, "a.aec", region);
}

bool Accepts(View input) {
  auto parsed = ParseContainer(input, "a.aec");
  if (!parsed.ok()) return false;
  Container& container = parsed.value();
  if (uint64_t{container.header.width} * container.header.height > kMostPixels) return false;
  container.header.model = TheCodec().model().id;
  const auto image = Decompressed(container, std::nullopt);
  const Region region = AnyRegion(input, container.header);
  const auto part = Decompressed(container, region);
  for (const Status& status : {image.status(), part.status()}) {
    if (status.ok()) continue;
    Promise(status.code() == StatusCode::kCorrupt, "an .aec is at fault");
    PromiseMessage(status.message());
  }
  if (!image.ok()) return false;  // the part may be sound
  Promise(part.ok(), "a part of a sound picture can be decoded");
  Promise(SameImage(part.value(), Crop(image.value(), region)), "a part is a part of the whole");
  return true;
}

/// The golden files are made by that model; the one with coarse channels is not.
std::vector<Bytes> Seeds() { return AecSeeds(); }

}  // namespace

Target DecodeTarget() { return {"decode", Accepts, Seeds, MutateAec}; }

}  // namespace aecomp::fuzz
