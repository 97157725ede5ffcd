// residual_bench IMAGE...: how fast the residual layer codes and decodes images without loss, on one thread, and how
// many bits it takes. Time is that of the thread's CPU, the best of three rounds for each image; reading files is not
// measured.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include "app/large_blocks.h"
#include "io/convert.h"
#include "io/file.h"
#include "io/formats/image_io.h"
#include "model/residual/residual.h"

namespace {

double Now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

int main(int count, char** arguments) {
  aecomp::UseOneHeap();  // as the program does
  double pixels = 0, bits = 0, encoding = 0, decoding = 0;
  for (int i = 1; i < count; ++i) {
    const auto file = aecomp::ReadFile(arguments[i]);
    aecomp::Result<aecomp::Image> read =
        file.ok() ? aecomp::DecodeImage(file.value(), arguments[i], nullptr) : file.status();
    if (!read.ok()) {
      std::fprintf(stderr, "%s\n", read.status().message().c_str());
      return 1;
    }
    const aecomp::Image image = aecomp::WithoutAlpha(std::move(read).value());
    double best_encoding = 1e9, best_decoding = 1e9;
    for (int round = 0; round < 3; ++round) {
      const double begin = Now();
      const auto stream = aecomp::residual::Encode(image, nullptr, 0);
      const double middle = Now();
      aecomp::Image restored(image.width, image.height, image.channels, image.bits);
      const aecomp::Status status = aecomp::residual::Decode(stream, nullptr, 0, restored);
      const double end = Now();
      if (!status.ok() || restored.pixels != image.pixels) return 1;
      best_encoding = std::min(best_encoding, middle - begin), best_decoding = std::min(best_decoding, end - middle);
      if (round == 0) bits += 8.0 * static_cast<double>(stream.size());
    }
    pixels += static_cast<double>(image.width) * image.height;
    encoding += best_encoding, decoding += best_decoding;
  }
  std::printf("residual layer, one thread: %d images, %.3f bpp, encode %.2f MP/s, decode %.2f MP/s\n", count - 1,
              bits / pixels, pixels / encoding / 1e6, pixels / decoding / 1e6);
}
