// aecomp-portable FILE.aec MODEL.aecm OUT: the pixels as PGM or PPM; as PAM with alpha, or where OUT ends in .pam.
// MODEL.aecm may be `-` for files that need no model.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "model/portable/aecomp_portable.h"

namespace {

bool ReadAll(const char* path, std::vector<char>* bytes) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return false;
  char part[65536];
  for (size_t n = 1; n > 0;) {
    n = std::fread(part, 1, sizeof part, file);
    bytes->insert(bytes->end(), part, part + n);
  }
  const bool read = std::ferror(file) == 0;
  std::fclose(file);
  return read;
}

std::string Header(const aecp_info& info, bool pam) {
  const std::string w = std::to_string(info.width), h = std::to_string(info.height);
  const std::string most = info.bits == 16 ? "65535" : "255";
  if (!pam) return (info.channels == 3 ? "P6\n" : "P5\n") + w + " " + h + "\n" + most + "\n";
  const std::string depth = std::to_string(info.channels + info.has_alpha);
  const std::string kind = info.channels == 3 ? "RGB" : "GRAYSCALE";
  return "P7\nWIDTH " + w + "\nHEIGHT " + h + "\nDEPTH " + depth + "\nMAXVAL " + most + "\nTUPLTYPE " + kind +
         (info.has_alpha ? "_ALPHA" : "") + "\nENDHDR\n";
}

bool WriteAll(const std::string& path, const aecp_image& image) {
  const bool pam = path.size() > 4 && path.compare(path.size() - 4, 4, ".pam") == 0;
  std::string bytes = Header(image.info, pam || image.info.has_alpha != 0);
  const auto* samples = static_cast<const char*>(image.samples);
  bytes.append(samples, image.size);
  const unsigned short one = 1;
  const bool little = *reinterpret_cast<const unsigned char*>(&one) == 1;
  for (size_t i = bytes.size() - image.size; image.info.bits == 16 && little && i < bytes.size(); i += 2) {
    std::swap(bytes[i], bytes[i + 1]);
  }
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written;
}

int Fail(const char* path, const char* what, int code) {
  std::fprintf(stderr, "aecomp-portable: %s: %s\n", path, what);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: aecomp-portable FILE.aec MODEL.aecm|- OUT.ppm [REPETITIONS, which are timed]\n");
    return AECP_USAGE;
  }
  std::vector<char> file, weights;
  if (!ReadAll(argv[1], &file)) return Fail(argv[1], "cannot be read", 3);
  const bool given = std::strcmp(argv[2], "-") != 0;
  if (given && !ReadAll(argv[2], &weights)) return Fail(argv[2], "cannot be read", AECP_MODEL);
  char error[AECP_ERROR_SIZE];
  aecp_model* model = nullptr;
  aecp_image image;
  const aecp_code loaded = given ? aecp_load_model(weights.data(), weights.size(), &model, error) : AECP_OK;
  if (loaded != AECP_OK) return Fail(argv[2], error, loaded);
  const int repetitions = argc > 4 ? std::atoi(argv[4]) : 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (aecp_decode(file.data(), file.size(), model, nullptr, &image, error) != AECP_OK) break;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::printf("%.3f s, %.2f MP/s\n", taken.count(), image.info.width * 1e-6 * image.info.height / taken.count());
    aecp_free_image(&image);
  }
  const aecp_code decoded = aecp_decode(file.data(), file.size(), model, nullptr, &image, error);
  aecp_free_model(model);
  if (decoded != AECP_OK) return Fail(argv[1], error, decoded);
  const bool written = WriteAll(argv[3], image);
  aecp_free_image(&image);
  return written ? 0 : Fail(argv[3], "cannot be written", 6);
}
