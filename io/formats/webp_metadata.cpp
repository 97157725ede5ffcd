// WebP: RIFF chunks, padded to even lengths (WebP container specification).
#include <string>

#include "io/formats/metadata_readers.h"

namespace aecomp {
namespace {

using View = std::span<const uint8_t>;

size_t LittleEndian(View b, size_t at) {
  return size_t{b[at + 3]} << 24 | size_t{b[at + 2]} << 16 | size_t{b[at + 1]} << 8 | b[at];
}

}  // namespace

bool LooksLikeWebp(View file) {
  return StartsWith(file, "RIFF") && file.size() >= 12 && StartsWith(file.subspan(8), "WEBP");
}

void ReadWebpMetadata(View file, Metadata& m, LeftOut& left_out) {
  size_t frames = 0, pictures = 0, at = 12;
  const size_t riff = 8 + LittleEndian(file, 4);  // where the file should end
  while (at < riff && at + 8 <= file.size()) {
    const std::string type(file.begin() + static_cast<std::ptrdiff_t>(at),
                           file.begin() + static_cast<std::ptrdiff_t>(at) + 4);
    const size_t length = LittleEndian(file, at + 4);
    if (length > file.size() - at - 8) return left_out.Add("what follows a damaged WebP chunk");
    const View content = file.subspan(at + 8, length);
    if (type == "ICCP") {
      Keep(m.icc, content, "ICC profile", left_out);
    } else if (type == "XMP ") {
      KeepXmp(m, content, left_out);
    } else if (type == "EXIF") {
      KeepExif(m, content, left_out);
    } else if (type == "ANMF") {
      ++frames;
    } else if (type == "VP8 " || type == "VP8L") {
      ++pictures;
    } else if (type == "ALPH" && pictures > 0) {
      left_out.Add("WebP's ALPH chunk", "it stands behind the picture, where no program reads it");
    } else if (type != "VP8X" && type != "ALPH" && type != "ANIM") {
      left_out.Add("WebP's " + type + " chunk");
    }
    at += 8 + length + (length & 1);
  }
  if (pictures > 1) left_out.AddPictures(std::to_string(pictures - 1) + " more of the pictures");
  if (frames > 1) left_out.AddPictures(std::to_string(frames - 1) + " more frames");
  if (at < file.size()) left_out.Add("what follows the end of the WebP");
}

}  // namespace aecomp
