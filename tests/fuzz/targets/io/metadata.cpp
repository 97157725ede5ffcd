// Metadata of image files and of .aec files.
#include "io/formats/metadata.h"

#include "io/formats/png.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/aec.h"
#include "tests/fuzz/mutators/png.h"

namespace aecomp::fuzz {
namespace {

bool Same(const Metadata& a, const Metadata& b) {
  return a.icc == b.icc && a.exif == b.exif && a.xmp == b.xmp && a.png_text == b.png_text &&
         a.png_colour == b.png_colour;
}

/// What decompressing does with it.
void Embed(const Metadata& metadata) {
  static const Bytes png = Encoded(MakeImage(2, 2, 3), "png"), jpeg = Encoded(MakeImage(8, 8, 3), "jpg");
  std::vector<std::string> notes;
  const Bytes with = EmbedMetadata(png, metadata, &notes);
  Promise(DecodePng(with, "a.png").ok(), "a PNG with metadata is a PNG");
  (void)MetadataOf(EmbedMetadata(jpeg, metadata, &notes));
  for (const std::string& note : notes) PromiseMessage(note);
}

bool AcceptsFile(View input) {
  Metadata metadata = MetadataOf(input);
  const int orientation = ExifOrientation(metadata.exif);
  Promise(orientation >= 1 && orientation <= 8, "an orientation is one of eight");
  ResetExifOrientation(metadata.exif);
  Promise(ExifOrientation(metadata.exif) == 1, "an orientation can be reset");
  const auto back = MetadataFromChunks(MetadataChunks(metadata), "a.aec");
  Promise(back.ok(), "metadata that compressing takes in can be read when decompressing");
  Promise(Same(metadata, back.value()), "metadata comes back as it was");
  Embed(metadata);
  return !metadata.empty();
}

/// An .aec's chunks, else an image file.
bool Accepts(View input) {
  if (!LooksLikeContainer(input)) return AcceptsFile(input);
  const auto container = ParseContainer(input, "a.aec");
  if (!container.ok()) return false;
  const auto metadata = MetadataFromChunks(container.value().extra, "a.aec");
  if (!metadata.ok()) {
    Promise(metadata.status().code() == StatusCode::kCorrupt, "an .aec is at fault");
    PromiseMessage(metadata.status().message());
    return false;
  }
  Embed(metadata.value());
  return true;
}

std::vector<Bytes> Seeds() {
  const Image image = MakeImage(8, 8, 3);
  std::vector<Bytes> seeds = {WithEveryPiece(Encoded(image, "png")), WithEveryPiece(Encoded(image, "jpg")),
                              AecSeeds().back()};
  // A WebP container with every kind of chunk that is read, sizes in little-endian order.
  const Metadata m = EveryPiece();
  Bytes body = FromText("WEBP");
  for (const auto& [type, content] : {std::pair{"ICCP", m.icc}, {"EXIF", m.exif}, {"XMP ", m.xmp}}) {
    body.insert(body.end(), type, type + 4);
    for (int i = 0; i < 4; ++i) body.push_back(static_cast<uint8_t>(content.size() >> 8 * i));
    body.insert(body.end(), content.begin(), content.end());
    if (content.size() % 2 == 1) body.push_back(0);
  }
  Bytes webp = FromText("RIFF");
  for (int i = 0; i < 4; ++i) webp.push_back(static_cast<uint8_t>(body.size() >> 8 * i));
  webp.insert(webp.end(), body.begin(), body.end());
  seeds.push_back(webp);
  return seeds;
}

Bytes Mutate(const Bytes& input, Random& random, const RawMutator& raw) {
  return LooksLikeContainer(input) ? MutateAec(input, random, raw) : MutatePng(input, random, raw);
}

}  // namespace

Target MetadataTarget() { return {"metadata", Accepts, Seeds, Mutate}; }

}  // namespace aecomp::fuzz
