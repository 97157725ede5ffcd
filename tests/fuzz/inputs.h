// What seeds are made of.
#pragma once

#include <string>

#include "io/file.h"
#include "io/formats/image_io.h"
#include "io/formats/left_out.h"
#include "io/formats/metadata.h"
#include "io/formats/orientation.h"
#include "io/formats/png_chunks.h"
#include "tests/fuzz/target.h"
#include "tests/io/test_images.h"

namespace aecomp::fuzz {

/// A file of the source tree. Ends the process when it is not there.
inline Bytes SourceFile(const std::string& path) {
  auto bytes = ReadFile(std::string(AECOMP_SOURCE_DIR) + "/" + path);
  Promise(bytes.ok(), "a seed that lies in the source tree can be read");
  return std::move(bytes).value();
}

/// extension: as EncodeImage takes it.
inline Bytes Encoded(const Image& image, const std::string& extension) {
  auto bytes = EncodeImage(image, extension);
  if (!bytes.ok()) std::fprintf(stderr, "%s\n", bytes.status().message().c_str());
  Promise(bytes.ok(), "a seed can be encoded");
  return std::move(bytes).value();
}

/// What a file carries beside pixels.
inline Metadata MetadataOf(View file) {
  LeftOut left_out;
  Metadata metadata = ReadMetadata(file, left_out);
  std::vector<std::string> notes;
  left_out.AppendTo(&notes);
  for (const std::string& note : notes) PromiseMessage(note);
  return metadata;
}

/// One of every piece, none of them meaningful but the EXIF, which turns the image.
inline Metadata EveryPiece() {
  Metadata m;
  m.icc.assign(300, 'i');
  const std::string acsp = "acsp", rgb = "RGB XYZ ";
  m.icc[0] = m.icc[1] = 0, m.icc[2] = 300 >> 8, m.icc[3] = 300 & 255;
  std::copy(acsp.begin(), acsp.end(), m.icc.begin() + 36);
  std::copy(rgb.begin(), rgb.end(), m.icc.begin() + 16);
  m.exif = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};
  m.xmp = FromText("<x:xmpmeta xmlns:x='adobe:ns:meta/'><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>");
  const Bytes text = FromText(std::string("Comment\0a seed", 14)), gamma = {0, 0, 0xb1, 0x8f};
  AppendPngChunk(m.png_text, "tEXt", text);
  AppendPngChunk(m.png_colour, "gAMA", gamma);
  const Bytes density = {0, 0, 0x0b, 0x13, 0, 0, 0x0b, 0x13, 1};
  AppendPngChunk(m.png_colour, "pHYs", density);
  return m;
}

inline Bytes WithEveryPiece(Bytes file) { return EmbedMetadata(std::move(file), EveryPiece(), nullptr); }

}  // namespace aecomp::fuzz
