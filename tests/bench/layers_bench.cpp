// Speed of each distinct convolution of the release architecture through the Layer interface, at the sizes it has in
// training (6 crops of 192x192) and in coding (one 1024x1024 tile). GFLOP/s counts two operations for each
// multiply-accumulate of the layer as it is defined, whatever way it is run. Each is printed beside the peak: a plain
// oneDNN 3x3 convolution of 128 channels, measured at the start of the same run. Doubts: clocks and other programs move
// both; measure on an otherwise idle machine, and repeat.
//
//   layers_bench [path of the architecture, default data/arch/release.json] [Google Benchmark's own options]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "model/base/onednn.h"
#include "model/entropy/coding_check.h"
#include "model/network/architecture.h"
#include "model/network/graph.h"
#include "model/network/layer.h"

namespace aecomp {
namespace {

struct BenchLayer {
  LayerSpec spec;
  Shape input;
  LayerInfo info;
};

enum class Pass { kForward, kBackwardData, kBackwardWeights };
constexpr const char* kPassNames[] = {"forward", "data", "weights"};

AlignedBuffer<float> Filled(int64_t size) {
  AlignedBuffer<float> buffer(static_cast<size_t>(size));
  for (size_t i = 0; i < buffer.size(); ++i) buffer[i] = static_cast<float>(i % 251) / 251 - 0.5f;
  return buffer;
}

/// GFLOP/s of a 3x3 convolution of 128 channels in the layout that oneDNN likes best; the best of several runs.
double MeasurePeak() {
  const auto any = [](std::initializer_list<dnnl::memory::dim> dims) {
    return dnnl::memory::desc(dnnl::memory::dims(dims), onednn::Type::f32, onednn::Tag::any);
  };
  onednn::ConvProblem p;
  p.src = any({6, 128, 48, 48}), p.weights = any({128, 128, 3, 3}), p.dst = any({6, 128, 48, 48});
  p.strides = {1, 1}, p.padding_low = {1, 1}, p.padding_high = {1, 1};
  const auto pd = onednn::ConvForward(p, onednn::UserScratchpad());
  const auto src = Filled(static_cast<int64_t>(pd.src_desc().get_size() / 4));
  const auto weights = Filled(static_cast<int64_t>(pd.weights_desc().get_size() / 4));
  const auto dst = Filled(static_cast<int64_t>(pd.dst_desc().get_size() / 4));
  onednn::Op op(dnnl::convolution_forward(pd), pd);
  op.Bind(DNNL_ARG_SRC, pd.src_desc()), op.Set(DNNL_ARG_SRC, src.data());
  op.Bind(DNNL_ARG_WEIGHTS, pd.weights_desc()), op.Set(DNNL_ARG_WEIGHTS, weights.data());
  op.Bind(DNNL_ARG_DST, pd.dst_desc()), op.Set(DNNL_ARG_DST, dst.data());
  constexpr double kFlop = 2.0 * 6 * 48 * 48 * 128 * 128 * 9;
  double best = 1e9;
  for (int i = 0; i < 60; ++i) {
    const auto start = std::chrono::steady_clock::now();
    op.Run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return kFlop / best * 1e-9;
}

/// The convolutions of a network with the input shapes they get, one of each kind; returns the output shape.
Shape Collect(const Network& network, Shape shape, std::set<std::string>& seen, std::vector<BenchLayer>& layers) {
  for (const LayerSpec& spec : network) {
    if (spec.type == "sum") {
      Shape output;
      const std::vector<Network> branches = SumBranches(spec).value();
      for (const Network& branch : branches) output = Collect(branch, shape, seen, layers);
      shape = output;
      continue;
    }
    const LayerInfo info = FindLayerType(spec.type)->infer(spec, shape).value();
    nlohmann::json kind = *spec.options;
    kind.erase("name");
    const bool is_new = info.macs > 0 && seen.insert(kind.dump() + shape.ToString()).second;
    if (is_new) layers.push_back({spec, shape, info});
    shape = info.output;
  }
  return shape;
}

std::vector<BenchLayer> Convolutions(const Architecture& a, const Shape& image) {
  std::vector<BenchLayer> layers;
  std::set<std::string> seen;
  const Shape y = Collect(a.encoder, image, seen, layers);
  Collect(a.decoder, y, seen, layers);
  Shape features = Collect(a.hyper_decoder, Collect(a.hyper_encoder, y, seen, layers), seen, layers);
  Collect(a.sigma_head, features, seen, layers);
  Collect(a.mu_head, features, seen, layers);
  features.c += Collect(a.context_in, y, seen, layers).c;
  Collect(a.context_out, features, seen, layers);
  return layers;
}

/// One layer with all it reads and writes.
struct Workplace {
  explicit Workplace(const BenchLayer& bench, bool training) {
    for (const ParameterSpec& p : bench.info.parameters) {
      Parameter& parameter = parameters.FindOrAdd(p.name, p.dims);
      parameter.value.assign(parameter.value.size(), 0.01f);
      parameter.grad.assign(parameter.value.size(), 0.f);
    }
    layer = FindLayerType(bench.spec.type)->create(bench.spec, bench.input, parameters, training);
    x = Filled(bench.input.size()), y = Filled(bench.info.output.size());
    if (training) dx = Filled(bench.input.size()), dy = Filled(bench.info.output.size());
  }
  Parameters parameters;
  std::unique_ptr<Layer> layer;
  AlignedBuffer<float> x, y, dx, dy;
};

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Reports the mean time, but GFLOP/s of the best: other programs only ever make it slower. Backward always adds the
/// gradients of the weights; what backward-data takes is the difference that asking for dx makes.
void RunLayer(benchmark::State& state, const BenchLayer& bench, Pass pass, double peak) {
  Workplace w(bench, pass != Pass::kForward);
  const auto forward = [&] { w.layer->Forward(w.x.data(), w.y.data()); };
  const auto backward = [&](float* dx) { w.layer->Backward(w.x.data(), w.y.data(), w.dy.data(), dx); };
  forward();
  if (pass != Pass::kForward) backward(w.dx.data());
  double best = 1e9, best_without_dx = pass == Pass::kBackwardData ? 1e9 : 0;
  for (auto _ : state) {
    const auto work = [&] {
      pass == Pass::kForward ? forward() : backward(pass == Pass::kBackwardData ? w.dx.data() : nullptr);
    };
    const double seconds = Seconds(work);
    best = std::min(best, seconds);
    state.SetIterationTime(seconds);
    if (pass == Pass::kBackwardData) best_without_dx = std::min(best_without_dx, Seconds([&] { backward(nullptr); }));
  }
  const double gflops = 2e-9 * static_cast<double>(bench.info.macs) / std::max(1e-9, best - best_without_dx);
  state.counters["GFLOP/s"] = gflops;
  state.counters["of_peak"] = gflops / peak;
}

void Register(const std::string& size, const std::vector<BenchLayer>& layers, const std::vector<Pass>& passes,
              double peak) {
  for (const BenchLayer& bench : layers) {
    for (const Pass pass : passes) {
      const std::string name = size + "/" + bench.spec.name + "/" + kPassNames[static_cast<int>(pass)];
      benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& s) { RunLayer(s, bench, pass, peak); })
          ->UseManualTime()
          ->MinTime(0.1)
          ->Unit(benchmark::kMillisecond);
    }
  }
}

Result<Architecture> ReadArchitecture(const std::string& path) {
  std::ifstream file(path);
  if (!file) return InputError(path + ": cannot be opened; give the path of an architecture file");
  std::ostringstream text;
  text << file.rdbuf();
  return ParseArchitecture(text.str(), path);
}

}  // namespace
}  // namespace aecomp

int main(int argc, char** argv) {
  using namespace aecomp;
  benchmark::Initialize(&argc, argv);
  const auto architecture = ReadArchitecture(argc > 1 ? argv[1] : "data/arch/release.json");
  if (!architecture.ok()) {
    std::fprintf(stderr, "layers_bench: %s\n", architecture.status().message().c_str());
    return architecture.status().exit_code();
  }
  const double peak = MeasurePeak();
  std::printf("peak: %.0f GFLOP/s, oneDNN's 3x3 convolution of 128 channels (best of 60)\n", peak);
  const int channels = architecture.value().image_channels;
  Register("train", Convolutions(architecture.value(), {6, channels, 192, 192}),
           {Pass::kForward, Pass::kBackwardData, Pass::kBackwardWeights}, peak);
  Register("code", Convolutions(architecture.value(), {1, channels, 1024, 1024}), {Pass::kForward}, peak);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
