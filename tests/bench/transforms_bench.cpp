// Analysis and synthesis transform of the built-in model, or of the file AECOMP_BENCH_MODEL, in f32 and with deep paths
// in int8, on one megapixel, and the whole codec in memory; GOP/s beside those of a large 3x3 convolution alone, which
// is oneDNN's peak. Compare lines of one run only: machines differ, and so do their moods. 1920x1080 on one thread is
// what PULSE publishes: 920 ms to encode, 126 ms to decode, on a machine of its own (arXiv 2609.18602).
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

#include "io/container.h"
#include "model/base/onednn.h"
#include "model/codec/codec.h"
#include "model/codec/model_file.h"
#include "model/codec/window_transform.h"
#include "model/network/architecture_report.h"

namespace aecomp {
namespace {

constexpr int kSide = 1024;

std::shared_ptr<Model> Shared() {
  static const char* path = std::getenv("AECOMP_BENCH_MODEL");
  static const std::shared_ptr<Model> model =
      path != nullptr ? ReadModel(path).value() : ParseModel(EmbeddedModelFile(), "the built-in model").value();
  return model;
}
Model& BuiltIn() { return *Shared(); }

/// Multiply-accumulates per pixel of the network with this role.
double MacsOf(const std::string& role) {
  const Shape image{1, BuiltIn().architecture.image_channels, kSide, kSide};
  const ArchitectureCost cost = MeasureArchitecture(BuiltIn().architecture, image).value();
  for (const NetworkCost& network : cost.networks) {
    if (network.role == role) return network.macs_per_pixel;
  }
  std::abort();
}

/// Waves with some noise: about 1 bpp at quality 56.
Image Picture(int width = kSide, int height = kSide) {
  Image image(width, height, 3);
  std::mt19937 random(1);
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < 3 * width; ++i) {
      const double wave = std::sin(0.05 * y) + std::sin(0.02 * i + 0.001 * y * y);
      image.Row(y)[i] = static_cast<uint8_t>(128 + 50 * wave + static_cast<double>(random() % 16));
    }
  }
  return image;
}

struct Plane {
  int rows = kSide / BuiltIn().architecture.latent_stride, channels = BuiltIn().architecture.latent_channels;
  std::vector<float> y = std::vector<float>(static_cast<size_t>(rows) * rows * channels, 0.1f);
  std::vector<int16_t> integer_y = std::vector<int16_t>(y.size(), static_cast<int16_t>(0.1f / kLatentUnit));
};

void Count(benchmark::State& state, const char* what, double number) {
  state.counters[what] = benchmark::Counter(number, benchmark::Counter::kIsIterationInvariantRate);
}

void CountPixels(benchmark::State& state, double macs_per_pixel, double pixels = double{kSide} * kSide) {
  Count(state, "megapixels/s", pixels * 1e-6);
  Count(state, "GOP/s", 2e-9 * macs_per_pixel * pixels);
}

/// 0: all of them.
class Threads {
 public:
  explicit Threads(int64_t threads) {
    if (threads > 0) omp_set_num_threads(static_cast<int>(threads));
  }
  ~Threads() { omp_set_num_threads(before_); }

 private:
  int before_ = omp_get_max_threads();
};

/// A 3x3 convolution of 192 channels at 1/8 of the megapixel.
void BM_Peak(benchmark::State& state) {
  const Threads threads(state.range(1));
  using onednn::Type;
  const bool integer = state.range(0) != 0;
  constexpr int kChannels = 192, kWidth = kSide / 8;
  const Shape shape{1, kChannels, kWidth, kWidth};
  onednn::ConvProblem p;
  p.src = onednn::ActivationDesc(shape, integer ? Type::u8 : Type::f32);
  p.dst = onednn::ActivationDesc(shape, integer ? Type::s32 : Type::f32);
  p.weights = dnnl::memory::desc({kChannels, kChannels, 3, 3}, integer ? Type::s8 : Type::f32, onednn::Tag::any);
  p.strides = p.padding_low = p.padding_high = {1, 1};
  const auto pd = onednn::ConvForward(p, onednn::UserScratchpad());
  onednn::Op op = onednn::MakeOp<dnnl::convolution_forward>(pd);
  op.Bind(DNNL_ARG_SRC, p.src), op.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc()), op.Bind(DNNL_ARG_DST, p.dst);
  AlignedBuffer<uint8_t> src(p.src.get_size()), weights(pd.weights_desc().get_size()), dst(p.dst.get_size());
  std::fill_n(src.data(), src.size(), uint8_t{0}), std::fill_n(weights.data(), weights.size(), uint8_t{0});
  for (auto _ : state) {
    op.Set(DNNL_ARG_SRC, src.data()), op.Set(DNNL_ARG_WEIGHTS, weights.data()), op.Set(DNNL_ARG_DST, dst.data());
    op.Run();
  }
  Count(state, "GOP/s", 2e-9 * 9 * kChannels * static_cast<double>(shape.size()));
}

void BM_Analysis(benchmark::State& state) {
  WindowTransform transform(BuiltIn(), state.range(0) != 0);
  const Image image = Picture();
  Plane p;
  for (auto _ : state) {
    if (!transform.Analyse(image, {}, p.rows, p.rows, p.y.data(), int64_t{p.rows} * p.channels).ok()) std::abort();
  }
  CountPixels(state, MacsOf("encoder"));
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
  CountPixels(state, MacsOf("decoder"));
}

/// Multiply-accumulates per pixel of all that encoding, or decoding, runs.
double CodecMacs(bool encode) {
  const Shape image{1, BuiltIn().architecture.image_channels, kSide, kSide};
  const ArchitectureCost cost = MeasureArchitecture(BuiltIn().architecture, image).value();
  return encode ? cost.encode_macs_per_pixel : cost.decode_macs_per_pixel;
}

void BM_Compress(benchmark::State& state) {
  const Threads threads(state.range(2));
  Codec codec(Shared());
  const Image image = Picture(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const double pixels = static_cast<double>(state.range(0) * state.range(1));
  double bytes = 0;
  for (auto _ : state) bytes = static_cast<double>(codec.Compress(image, 56).value().size());
  CountPixels(state, CodecMacs(true), pixels);
  state.counters["bpp"] = 8 * bytes / pixels;
}

void BM_Decompress(benchmark::State& state) {
  const Threads threads(state.range(2));
  Codec codec(Shared());
  const Image image = Picture(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const std::vector<uint8_t> bytes = codec.Compress(image, 56).value();
  const Container container = ParseContainer(bytes, "memory").value();
  for (auto _ : state) benchmark::DoNotOptimize(codec.Decompress(container, "memory").value());
  CountPixels(state, CodecMacs(false), static_cast<double>(state.range(0) * state.range(1)));
}

BENCHMARK(BM_Peak)->ArgNames({"int8", "threads"})->Args({0, 0})->Args({1, 0})->Args({1, 1})->UseRealTime();
BENCHMARK(BM_Analysis)->ArgName("int8")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(BM_Synthesis)->ArgName("int8")->Arg(0)->Arg(1)->UseRealTime();

void Pictures(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"width", "height", "threads"})->Args({kSide, kSide, 0})->Args({1920, 1080, 1});
  benchmark->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK(BM_Compress)->Apply(Pictures);
BENCHMARK(BM_Decompress)->Apply(Pictures);

}  // namespace
}  // namespace aecomp

BENCHMARK_MAIN();
