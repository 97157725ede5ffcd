// Speed of the entropy coder on synthetic latents: zero-mean Gaussians rounded to integers, their sigmas spread as in a
// codec (most small). One thread. The counter "excess" is bits written over -log2 p, minus 1. Doubt: real latents are
// correlated, so branches are better predictable than here.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "io/rans.h"

namespace aecomp {
namespace {

constexpr int kRows = 64;
constexpr double kLowest = 0.11, kHighest = 100;
constexpr size_t kCount = 1 << 20;

double Sigma(int row) { return kLowest * std::pow(kHighest / kLowest, row / (kRows - 1.0)); }

std::vector<uint16_t> Gaussian(double sigma) {
  const int bound = std::clamp(static_cast<int>(std::ceil(4.5 * sigma)), 2, 400);
  std::vector<uint16_t> f;
  int left = 65536;
  const auto below = [&](double v) { return 0.5 * std::erf(v / sigma / std::sqrt(2)); };
  for (int v = -bound; v <= bound; ++v) {
    left -= f.emplace_back(static_cast<uint16_t>(std::clamp(65536 * (below(v + 0.5) - below(v - 0.5)), 1.0, 65000.0)));
  }
  left -= f.emplace_back(uint16_t{1});
  f[static_cast<size_t>(bound)] = static_cast<uint16_t>(f[static_cast<size_t>(bound)] + left);
  return f;
}

struct Latents {
  CodingTables tables;
  std::vector<int16_t> values;
  std::vector<uint8_t> rows;
  double ideal_bits = 0;

  /// skew: the larger, the more rows have a small sigma.
  explicit Latents(double skew) {
    std::vector<std::vector<uint16_t>> frequencies;
    for (int r = 0; r < kRows; ++r) frequencies.push_back(Gaussian(Sigma(r)));
    tables = CodingTables::Create(frequencies).value();
    std::mt19937 random(1);
    std::uniform_real_distribution<double> unit(0, 1);
    for (size_t i = 0; i < kCount; ++i) {
      const int row = static_cast<int>(std::pow(unit(random), skew) * kRows);
      const int bound = tables.bound(row);
      const double v = std::round(std::normal_distribution<double>(0, Sigma(row))(random));
      const int value = std::clamp(static_cast<int>(v), -bound, bound);
      rows.push_back(static_cast<uint8_t>(row));
      values.push_back(static_cast<int16_t>(value));
      ideal_bits += 16 - std::log2(frequencies[static_cast<size_t>(row)][static_cast<size_t>(value + bound)]);
    }
  }
};

void Report(benchmark::State& state, const Latents& latents, size_t bytes) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(kCount));
  state.counters["bits/symbol"] = latents.ideal_bits / kCount;
  state.counters["excess"] = 8.0 * static_cast<double>(bytes) / latents.ideal_bits - 1;
}

void BM_Encode(benchmark::State& state) {
  const Latents latents(static_cast<double>(state.range(0)));
  size_t bytes = 0;
  for (auto _ : state) bytes = EncodeValues(latents.tables, latents.values, latents.rows).size();
  Report(state, latents, bytes);
}

void BM_Decode(benchmark::State& state) {
  const Latents latents(static_cast<double>(state.range(0)));
  const auto bytes = EncodeValues(latents.tables, latents.values, latents.rows);
  std::vector<int16_t> decoded(kCount);
  for (auto _ : state) {
    if (!DecodeValues(latents.tables, bytes, latents.rows, decoded).ok()) state.SkipWithError("does not decode");
  }
  Report(state, latents, bytes.size());
}

// 8: about 0.6 bits per symbol, as at medium quality; 1: all sigmas alike, a worst case.
BENCHMARK(BM_Encode)->Arg(8)->Arg(3)->Arg(1);
BENCHMARK(BM_Decode)->Arg(8)->Arg(3)->Arg(1);

}  // namespace
}  // namespace aecomp

BENCHMARK_MAIN();
