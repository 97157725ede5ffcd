// PNG files, and what is written of them.
#include "io/formats/png.h"

#include "tests/fuzz/inputs.h"
#include "tests/fuzz/mutators/png.h"

namespace aecomp::fuzz {
namespace {

bool Accepts(View input) {
  (void)PeekPngSize(input);
  const auto image = DecodePng(input, "a.png");
  if (!image.ok()) {
    Promise(image.status().code() == StatusCode::kInput, "a PNG is an input");
    PromiseMessage(image.status().message());
    return false;
  }
  const Image& pixels = image.value();
  Promise(pixels.pixels.size() == Image::ByteSize(pixels.width, pixels.height, pixels.channels, pixels.bits),
          "an image has as many pixels as its size says");
  if (pixels.pixels.size() > 1 << 16) return true;  // writing all of it would be most of the work
  const auto written = EncodePng(pixels);
  Promise(written.ok(), "an image that was read can be written");
  const auto again = DecodePng(written.value(), "b.png");
  Promise(again.ok() && SameImage(pixels, again.value()), "a PNG that was written reads as it was");
  return true;
}

}  // namespace

std::vector<Bytes> PngSeeds() {
  std::vector<Bytes> seeds;
  for (int channels = 1; channels <= 4; ++channels) {
    for (const int bits : {8, 16}) seeds.push_back(Encoded(MakeImage(7, 5, channels, bits), "png"));
  }
  seeds.push_back(WithEveryPiece(seeds[0]));
  // Two bits a sample, interlaced, with a palette and transparency; and one bit, gray.
  Bytes palette(kPngSignature.begin(), kPngSignature.end()), gray = palette;
  AppendPngChunk(palette, "IHDR", Bytes{0, 0, 0, 4, 0, 0, 0, 3, 2, 3, 0, 0, 1});
  AppendPngChunk(palette, "PLTE", Bytes{0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255});
  AppendPngChunk(palette, "tRNS", Bytes{0, 128});
  // Passes 1, 4, 5, 6 and 7 of Adam7: rows of 1, 1, 2, 2 and 4 pixels, each behind its filter.
  AppendPngChunk(palette, "IDAT", Deflate(Bytes{0, 0x40, 0, 0x80, 0, 0x60, 0, 0x10, 0, 0xe0, 0, 0x1b}, 1));
  AppendPngChunk(palette, "IEND", {});
  AppendPngChunk(gray, "IHDR", Bytes{0, 0, 0, 9, 0, 0, 0, 2, 1, 0, 0, 0, 0});
  AppendPngChunk(gray, "tRNS", Bytes{0, 1});
  AppendPngChunk(gray, "IDAT", Deflate(Bytes{0, 0xa5, 0x80, 2, 0x11, 0}, 1));
  AppendPngChunk(gray, "IEND", {});
  seeds.push_back(palette), seeds.push_back(gray);
  return seeds;
}

Target PngTarget() { return {"png", Accepts, PngSeeds, MutatePng}; }

}  // namespace aecomp::fuzz
