// Image files of every format, as `aecomp compress` reads them.
#include "io/convert.h"
#include "io/formats/alpha.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/png.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  std::vector<std::string> notes;
  Metadata metadata;
  auto decoded = DecodeImage(input, "a.img", &notes, &metadata);
  for (const std::string& note : notes) PromiseMessage(note);
  if (!decoded.ok()) {
    Promise(decoded.status().code() != StatusCode::kOk && decoded.status().code() != StatusCode::kCorrupt,
            "an image file is at fault");
    PromiseMessage(decoded.status().message());
    return false;
  }
  Image image = std::move(decoded).value();
  Promise(image.width > 0 && image.height > 0 && image.channels >= 1 && image.channels <= 4, "an image has pixels");
  Promise(image.bits == 8 || image.bits == 16, "an image has 8 or 16 bits");
  Promise(image.pixels.size() == Image::ByteSize(image.width, image.height, image.channels, image.bits),
          "an image has as many pixels as its size says");
  const auto back = MetadataFromChunks(MetadataChunks(metadata), "a.aec");
  Promise(back.ok(), "metadata that compressing takes in can be read when decompressing");
  if (image.pixels.size() > 1 << 16) return true;  // what follows would be most of the work
  if (HasAlpha(image)) {
    const auto chunk = AlphaChunk(AlphaOf(image));
    Promise(chunk.ok(), "alpha can be kept");
    const auto restored = RestoreAlpha(WithoutAlpha(image.Clone()), {chunk.value()}, "a.aec");
    Promise(restored.ok() && SameImage(restored.value(), image), "alpha comes back");
  }
  const int width = image.width, height = image.height;
  const Image plain = ToPlain8Bits(std::move(image), nullptr);
  Promise(plain.width == width && plain.height == height && plain.bits == 8 && plain.channels % 2 == 1,
          "any image has a plain one");
  return true;
}

std::vector<Bytes> Seeds() {
  std::vector<Bytes> seeds = PngSeeds();
  for (const char* extension : {"jpg", "webp", "tif", "bmp", "ppm"})
    seeds.push_back(Encoded(MakeImage(9, 7, 3), extension));
  for (const char* extension : {"jpg", "tif", "pgm"}) seeds.push_back(Encoded(MakeImage(9, 7, 1), extension));
  for (const char* extension : {"webp", "tif"}) seeds.push_back(Encoded(MakeImage(9, 7, 4), extension));
  for (const char* extension : {"tif", "ppm"}) seeds.push_back(Encoded(MakeImage(9, 7, 3, 16), extension));
  seeds.push_back(WithEveryPiece(Encoded(MakeImage(9, 7, 3), "jpg")));
  return seeds;
}

}  // namespace

Target ImageTarget() { return {"image", Accepts, Seeds, MutatePng}; }

}  // namespace aecomp::fuzz
