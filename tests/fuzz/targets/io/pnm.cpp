// PGM and PPM files, and what is written of them.
#include "io/formats/pnm.h"

#include "io/convert.h"
#include "tests/fuzz/inputs.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  if (!LooksLikePnm(input)) return false;
  const auto image = DecodePnm(input, "a.ppm");
  if (!image.ok()) {
    Promise(image.status().code() == StatusCode::kInput, "a PNM is an input");
    PromiseMessage(image.status().message());
    return false;
  }
  const Image& pixels = image.value();
  Promise(pixels.pixels.size() == Image::ByteSize(pixels.width, pixels.height, pixels.channels, pixels.bits),
          "an image has as many pixels as its size says");
  if (HasAlpha(pixels)) return true;
  const auto written = EncodePnm(pixels);
  Promise(written.ok(), "an image that was read can be written");
  const auto again = DecodePnm(written.value(), "b.ppm");
  Promise(again.ok() && SameImage(pixels, again.value()), "a PNM that was written reads as it was");
  return true;
}

std::vector<Bytes> Seeds() {
  return {Encoded(MakeImage(7, 5, 3), "ppm"), Encoded(MakeImage(7, 5, 1), "pgm"),
          Encoded(MakeImage(3, 4, 3, 16), "ppm"), Encoded(MakeImage(3, 4, 1, 16), "pgm"),
          FromText("P5 # a comment\n2 1 100\nab")};
}

}  // namespace

Target PnmTarget() { return {"pnm", Accepts, Seeds, nullptr}; }

}  // namespace aecomp::fuzz
