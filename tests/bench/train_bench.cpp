// Images per second of whole training steps (forward, backward, clipping, Adam, average) on random pixels, in GFLOP/s
// of convolutions and as a fraction of what a plain 3x3 convolution reaches in the same run.
//   train_bench ARCH.json [batch=5] [patch=192] [steps=20] [bf16] [visual] [map]
// visual: with the distortion of `aecomp train --tune visual`, else with the squared error. map: with its map of
// qualities.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "model/entropy/coding_check.h"
#include "model/network/graph.h"
#include "train/loss/noise_rate.h"
#include "train/loss/training_model.h"
#include "train/loss/visual_distortion.h"
#include "train/optimiser/adam.h"

namespace aecomp {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void Randomise(Parameters& parameters) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (Parameter& p : parameters.list()) {
    p.grad.assign(p.value.size(), 0.f);
    for (float& v : p.value) v = 0.02f * normal(random);
  }
  parameters.MarkChanged();
}

/// Multiply-accumulates of one forward pass of all networks over one image of patch x patch.
int64_t ForwardMacs(const Architecture& a, int patch) {
  const int h = patch / a.latent_stride, g = patch / a.hyper_stride;
  const Shape image{1, a.image_channels, patch, patch}, y{1, a.latent_channels, h, h}, z{1, a.hyper_channels, g, g};
  int64_t total = 0;
  const auto run = [&](const Network& network, const Shape& input) {
    const auto reports = InferShapes(network, input).value();
    for (const LayerReport& r : reports) total += r.macs;
    return reports.back().output;
  };
  run(a.encoder, image), run(a.decoder, y), run(a.hyper_encoder, y);
  const Shape features = run(a.hyper_decoder, z);
  run(a.sigma_head, features), run(a.mu_head, features);
  Shape joined = run(a.context_in, y);
  joined.c += features.c;
  run(a.context_out, joined);
  return total;
}

/// GFLOP/s of a 3x3 convolution of 128 channels, all three passes: the yardstick.
double PeakGflops() {
  const auto network = ParseNetwork(nlohmann::json::parse(
      R"([{"type": "conv2d", "name": "peak", "in": 128, "out": 128, "kernel": 3, "padding": 1}])"));
  Parameters parameters;
  const Shape shape{8, 128, 32, 32};
  auto graph = Graph::Create(network.value(), shape, parameters, Graph::Mode::kTraining);
  Randomise(parameters);
  Tensor x(shape), dy(shape), dx(shape);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = dy.data()[i] = 0.5f;
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto start = Clock::now();
    graph.value()->Forward(x.data());
    graph.value()->Backward(dy.data(), dx.data());
    best = std::min(best, Seconds(start));
  }
  return 3 * 2.0 * static_cast<double>(shape.size()) * 128 * 9 / best / 1e9;
}

constexpr int kUntimed = 30;  // steps: the first build primitives, later ones the first bases of the optimiser

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: train_bench ARCH.json [batch=5] [patch=192] [steps=20] [bf16] [visual] [map]\n");
    return 2;
  }
  const auto number = [&](int i, int fallback) { return argc > i ? std::atoi(argv[i]) : fallback; };
  const int batch = number(2, 5), patch = number(3, 192), steps = number(4, 20);
  const auto given = [&](const std::string& word) {
    return std::find(argv + std::min(argc, 5), argv + argc, word) != argv + argc;
  };
  const bool bfloat16 = given("bf16");
  if (bfloat16 && !HasBfloat16()) {
    std::fprintf(stderr, "train_bench: this CPU does not multiply bfloat16\n");
    return 1;
  }
  std::ifstream file(argv[1]);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto architecture = ParseArchitecture(text, argv[1]);
  if (!architecture.ok()) {
    std::fprintf(stderr, "train_bench: %s\n", architecture.status().message().c_str());
    return 2;
  }
  Parameters parameters;
  TrainingModelOptions options{.bfloat16 = bfloat16};
  if (given("visual")) options.distortion = VisualDistortion::Factory({});
  if (given("map")) options.map = VisualQualityMap(architecture.value().usual_channels());
  const auto model = TrainingModel::Create(architecture.value(), parameters, batch, patch, options);
  if (!model.ok()) {
    std::fprintf(stderr, "train_bench: %s\n", model.status().message().c_str());
    return 2;
  }
  Randomise(parameters);
  Adam adam(parameters, {});
  std::vector<float> x(static_cast<size_t>(batch) * patch * patch * architecture.value().image_channels, 0.5f), quality;
  for (int i = 0; i < batch; ++i) quality.push_back(static_cast<float>(i % (architecture.value().max_quality() + 1)));
  const NoiseRate rate(LatentRounding::Nearest());
  auto start = Clock::now();
  std::clock_t cpu = std::clock();
  for (int i = 0; i < steps + kUntimed; ++i) {
    if (i == kUntimed) start = Clock::now(), cpu = std::clock();
    model.value()->ForwardBackward({x.data(), x.data(), quality.data(), static_cast<uint64_t>(i), 0}, rate);
    adam.Step(1e-4, 1);
  }
  const double seconds = Seconds(start), cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  // The first layers of the encoder need no gradient of their input, so 3x the forward pass is slightly too much.
  const double gflops =
      3 * 2.0 * static_cast<double>(ForwardMacs(architecture.value(), patch)) * batch * steps / seconds / 1e9;
  const double peak = PeakGflops();
  std::printf(
      "%.2f images/s  %.1f ms of CPU time a step  %.0f GFLOP/s, %.0f %% of the %.0f of a plain 3x3 convolution in "
      "f32\n",
      steps * batch / seconds, 1e3 * cpu_seconds / steps, gflops, 100 * gflops / peak, peak);
  return 0;
}

}  // namespace
}  // namespace aecomp

int main(int argc, char** argv) { return aecomp::Main(argc, argv); }
