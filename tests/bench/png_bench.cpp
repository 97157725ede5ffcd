// Reading PNG, one thread: DecodePlainPng beside libpng's own reader, megapixels a second. The picture is
// AECOMP_BENCH_IMAGE, else data/sample.png four times across and down, written at levels 1 and 6.
#include <benchmark/benchmark.h>
#include <png.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "io/file.h"
#include "io/formats/plain_png.h"
#include "io/formats/png.h"

namespace aecomp {
namespace {

constexpr int kCopies = 4;

/// The picture beside and below itself.
Image Repeated(const Image& image) {
  Image whole;
  whole.width = image.width * kCopies, whole.height = image.height * kCopies;
  whole.channels = image.channels, whole.bits = image.bits;
  const size_t row = image.pixels.size() / static_cast<size_t>(image.height);
  for (int y = 0; y < whole.height; ++y) {
    const auto from = image.pixels.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(y % image.height) * row);
    for (int i = 0; i < kCopies; ++i)
      whole.pixels.insert(whole.pixels.end(), from, from + static_cast<std::ptrdiff_t>(row));
  }
  return whole;
}

std::vector<uint8_t> PngFile(int level) {
  const char* named = std::getenv("AECOMP_BENCH_IMAGE");
  const std::string path = named != nullptr ? named : AECOMP_SOURCE_DIR "/data/sample.png";
  const Image image = DecodePng(ReadFile(path).value(), path).value();
  return EncodePng(named != nullptr ? image.Clone() : Repeated(image), level).value();
}

void CountPixels(benchmark::State& state, int64_t pixels) {
  state.counters["MP/s"] =
      benchmark::Counter(static_cast<double>(pixels) * 1e-6, benchmark::Counter::kIsIterationInvariantRate);
}

void Plain(benchmark::State& state) {
  const std::vector<uint8_t> file = PngFile(static_cast<int>(state.range(0)));
  int64_t pixels = 0;
  for (auto _ : state) {
    const auto image = DecodePlainPng(file);
    if (!image) return state.SkipWithError("not a plain PNG");
    pixels = int64_t{image->width} * image->height;
  }
  CountPixels(state, pixels);
}
BENCHMARK(Plain)->Arg(1)->Arg(6)->Unit(benchmark::kMillisecond);

void Libpng(benchmark::State& state) {
  const std::vector<uint8_t> file = PngFile(static_cast<int>(state.range(0)));
  std::vector<uint8_t> samples;
  int64_t pixels = 0;
  for (auto _ : state) {
    png_image image = {};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&image, file.data(), file.size()) == 0) {
      return state.SkipWithError("libpng refuses it");
    }
    image.format = PNG_FORMAT_RGB;
    samples.resize(PNG_IMAGE_SIZE(image));
    if (png_image_finish_read(&image, nullptr, samples.data(), 0, nullptr) == 0) {
      return state.SkipWithError("libpng refuses it");
    }
    pixels = int64_t{image.width} * image.height;
  }
  CountPixels(state, pixels);
}
BENCHMARK(Libpng)->Arg(1)->Arg(6)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace aecomp

BENCHMARK_MAIN();
