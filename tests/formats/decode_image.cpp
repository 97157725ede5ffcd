// decode_image INPUT OUTPUT [--strict] [--max-pixels N]: writes the pixels that an image file is read as, without any
// coding, as a PAM file (http://netpbm.sourceforge.net/doc/pam.html). Notes go to stderr; the exit code is aecomp's.
#include <bit>
#include <cstdio>
#include <cstring>

#include "io/file.h"
#include "io/formats/image_io.h"

namespace aecomp {
namespace {

std::vector<uint8_t> ToPam(const Image& image) {
  static const char* const kTypes[] = {"GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"};
  const std::string header = "P7\nWIDTH " + std::to_string(image.width) + "\nHEIGHT " + std::to_string(image.height) +
                             "\nDEPTH " + std::to_string(image.channels) + "\nMAXVAL " +
                             (image.bits == 16 ? "65535" : "255") + "\nTUPLTYPE " + kTypes[image.channels - 1] +
                             "\nENDHDR\n";
  std::vector<uint8_t> bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  if (image.bits == 16 && std::endian::native == std::endian::little) {
    for (size_t i = header.size(); i < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
  }
  return bytes;
}

Status Run(int argc, char** argv) {
  DecodeOptions options;
  for (int i = 3; i < argc; ++i) {
    if (std::strcmp(argv[i], "--strict") == 0) options.strict = true;
    if (std::strcmp(argv[i], "--max-pixels") == 0 && i + 1 < argc) options.max_pixels = std::stoull(argv[i + 1]);
  }
  std::vector<std::string> notes;
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadFile(argv[1]));
  AECOMP_ASSIGN_OR_RETURN(const Image image, DecodeImage(bytes, argv[1], &notes, nullptr, options));
  for (const std::string& note : notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  return WriteFileAtomically(argv[2], ToPam(image), /*overwrite=*/true);
}

}  // namespace
}  // namespace aecomp

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: decode_image INPUT OUTPUT [--strict] [--max-pixels N]\n");
    return 2;
  }
  const aecomp::Status status = aecomp::Run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "error: %s\n", status.message().c_str());
  return status.exit_code();
}
