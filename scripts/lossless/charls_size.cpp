// charls_size NEAR FILE...: the bytes that CharLS (JPEG-LS) takes for binary PGM and PPM files, one line a file.
// Colours are coded with its transform HP1 where they must be kept exactly, as that suits photographs best.
#include <charls/charls.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

int main(int count, char** arguments) {
  const int near_lossless = std::atoi(arguments[1]);
  for (int i = 2; i < count; ++i) {
    std::FILE* file = std::fopen(arguments[i], "rb");
    char kind[3] = {};
    unsigned width = 0, height = 0, most = 0;
    if (file == nullptr || std::fscanf(file, "%2s %u %u %u", kind, &width, &height, &most) != 4) return 1;
    std::fgetc(file);
    const int channels = kind[1] == '6' ? 3 : 1, bytes = most > 255 ? 2 : 1;
    std::vector<uint8_t> pixels(size_t{width} * height * static_cast<size_t>(channels * bytes));
    if (std::fread(pixels.data(), 1, pixels.size(), file) != pixels.size()) return 1;
    std::fclose(file);
    for (size_t at = 0; bytes == 2 && at < pixels.size(); at += 2) std::swap(pixels[at], pixels[at + 1]);
    charls::jpegls_encoder encoder;
    encoder.frame_info({width, height, 8 * bytes, channels}).near_lossless(near_lossless);
    if (channels == 3) encoder.interleave_mode(charls::interleave_mode::line);
    if (channels == 3 && near_lossless == 0) encoder.color_transformation(charls::color_transformation::hp1);
    std::vector<uint8_t> out(encoder.estimated_destination_size() * 2);
    encoder.destination(out);
    std::printf("%zu\n", encoder.encode(pixels));
  }
}
