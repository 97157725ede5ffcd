// Compresses a PPM and restores it, with nothing but libaecomp.
//
//   roundtrip INPUT.ppm OUTPUT.aec OUTPUT.ppm [QUALITY [MODEL]]
#include <aecomp/aecomp.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace {

/// Binary PPM without comments, 8 bits.
bool ReadPpm(const char* path, libaecomp::Image* image) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int most = 0;
  if (!(file >> magic >> image->width >> image->height >> most) || magic != "P6" || most != 255) return false;
  file.get();  // the one blank after the header
  image->samples.assign(std::istreambuf_iterator<char>(file), {});
  return image->samples.size() == 3 * static_cast<size_t>(image->width) * static_cast<size_t>(image->height);
}

bool Write(const char* path, const std::string& head, const std::vector<std::uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << head;
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return file.flush().good();
}

libaecomp::Status RoundTrip(const libaecomp::Image& image, const libaecomp::OpenOptions& open,
                            const libaecomp::CompressOptions& options, std::vector<std::uint8_t>* bytes,
                            libaecomp::Image* restored) {
  libaecomp::Codec codec;
  libaecomp::Status status = codec.Open(open);
  if (status.ok()) status = codec.Compress(image.View(), options, bytes);
  if (status.ok()) status = codec.Decompress(bytes->data(), bytes->size(), restored);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 6) {
    std::fprintf(stderr, "usage: roundtrip INPUT.ppm OUTPUT.aec OUTPUT.ppm [QUALITY [MODEL]]\n");
    return 2;
  }
  libaecomp::OpenOptions open;
  libaecomp::CompressOptions options;
  if (argc > 4) options.quality = std::atof(argv[4]);
  if (argc > 5) open.model_file = argv[5];

  libaecomp::Image image, restored;
  std::vector<std::uint8_t> bytes;
  if (!ReadPpm(argv[1], &image)) {
    std::fprintf(stderr, "%s: not an 8-bit binary PPM\n", argv[1]);
    return 3;
  }
  if (const libaecomp::Status status = RoundTrip(image, open, options, &bytes, &restored); !status.ok()) {
    std::fprintf(stderr, "%s: %s\n", argv[1], status.message.c_str());
    return 1;
  }
  libaecomp::Header header;
  if (!libaecomp::ReadHeader(bytes.data(), bytes.size(), &header).ok()) return 1;
  std::printf("%dx%d, %d channels of %d bits, %zu bytes, model %s, libaecomp %s\n", header.width, header.height,
              header.channels, header.bits, bytes.size(), header.model_id.c_str(), libaecomp::Version());
  const std::string head = "P6\n" + std::to_string(restored.width) + " " + std::to_string(restored.height) + "\n255\n";
  return Write(argv[2], "", bytes) && Write(argv[3], head, restored.samples) ? 0 : 6;
}
