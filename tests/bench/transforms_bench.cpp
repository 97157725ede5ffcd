// Analysis and synthesis transform of the built-in model, in f32 and with deep paths in int8, on one megapixel. Compare
// lines of one run only: machines differ, and so do their moods.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>

#include "model/model_file.h"
#include "model/window_transform.h"

namespace aecomp {
namespace {

constexpr int kSide = 1024;

Model& BuiltIn() {
  static const auto model = ParseModel(EmbeddedModelFile(), "the built-in model").value();
  return *model;
}

Image Noise() {
  Image image(kSide, kSide, 3);
  std::mt19937 random(1);
  for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(random());
  return image;
}

struct Plane {
  int rows = kSide / BuiltIn().architecture.latent_stride, channels = BuiltIn().architecture.latent_channels;
  std::vector<float> y = std::vector<float>(static_cast<size_t>(rows) * rows * channels, 0.1f);
  std::vector<int16_t> integer_y = std::vector<int16_t>(y.size(), static_cast<int16_t>(0.1f / kLatentUnit));
};

void CountPixels(benchmark::State& state) {
  state.counters["megapixels/s"] =
      benchmark::Counter(double{kSide} * kSide * 1e-6, benchmark::Counter::kIsIterationInvariantRate);
}

void BM_Analysis(benchmark::State& state) {
  WindowTransform transform(BuiltIn(), state.range(0) != 0);
  const Image image = Noise();
  Plane p;
  for (auto _ : state) {
    if (!transform.Analyse(image, {}, p.rows, p.rows, p.y.data(), int64_t{p.rows} * p.channels).ok()) std::abort();
  }
  CountPixels(state);
}

void BM_Synthesis(benchmark::State& state) {
  WindowTransform transform(BuiltIn(), state.range(0) != 0);
  Image image(kSide, kSide, 3);
  Plane p;
  const int64_t stride = int64_t{p.rows} * p.channels;
  for (auto _ : state) {
    const Status status = transform.integer()
                              ? transform.Synthesise(p.integer_y.data(), p.rows, p.rows, stride, {}, image)
                              : transform.Synthesise(p.y.data(), p.rows, p.rows, stride, {}, image);
    if (!status.ok()) std::abort();
  }
  CountPixels(state);
}

BENCHMARK(BM_Analysis)->ArgName("int8")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(BM_Synthesis)->ArgName("int8")->Arg(0)->Arg(1)->UseRealTime();

}  // namespace
}  // namespace aecomp

BENCHMARK_MAIN();
