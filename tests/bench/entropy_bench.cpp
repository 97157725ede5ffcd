// Speed of the entropy coder, one thread, on synthetic latents (zero-mean Gaussians rounded to integers, their sigmas
// spread as in a codec, most small) and on those of a photograph: AECOMP_BENCH_IMAGE, else data/sample.png, up to
// 1024x1024 of it. Counters: "excess" is bits written over -log2 p of the tables, minus 1; "over model" over what the
// float model says with Gaussians of continuous sigma, negative where fitted tables know better.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "io/formats/image_io.h"
#include "io/rans.h"
#include "model/codec/float_rate.h"
#include "model/codec/model_file.h"
#include "model/codec/tile_coder.h"
#include "model/codec/window_transform.h"

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

/// y of one tile of the photograph, as the codec writes it.
struct RealLatents {
  std::shared_ptr<Model> model = ParseModel(EmbeddedModelFile(), "the built-in model").value();
  std::vector<int16_t> values;
  std::vector<uint8_t> rows;
  double ideal_bits = 0, model_bits = 0;

  explicit RealLatents(int quality) {
    const char* path = std::getenv("AECOMP_BENCH_IMAGE");
    std::vector<std::string> notes;
    const Image image = ReadPlainImage(path != nullptr ? path : AECOMP_SOURCE_DIR "/data/sample.png", &notes).value();
    const Architecture& a = model->architecture;
    const int unit = a.hyper_stride / a.latent_stride, most = 1024 / a.latent_stride;
    const auto latents = [&](int pixels) {
      const int whole = (pixels + a.hyper_stride - 1) / a.hyper_stride * unit;
      return std::min(whole, most);
    };
    const int all_rows = (image.height + a.hyper_stride - 1) / a.hyper_stride * unit;
    const int all_columns = (image.width + a.hyper_stride - 1) / a.hyper_stride * unit;
    const int h = latents(image.height), w = latents(image.width);
    AlignedBuffer<float> y(static_cast<size_t>(all_rows) * static_cast<size_t>(all_columns) *
                           static_cast<size_t>(a.latent_channels));
    const int64_t stride = int64_t{all_columns} * a.latent_channels;
    if (!WindowTransform(*model).Analyse(image, {}, all_rows, all_columns, y.data(), stride).ok()) std::abort();
    const Tile tile{0, 0, h, w, h, w};
    const auto coder = TileCoder::Create(*model, tile).value();
    const TileQuality q = TileQualityAt(*model, quality);
    const auto encoded = coder->Encode(q, tile, {y.data(), stride, a.latent_channels});
    if (!encoded.ok()) std::abort();
    const TileSymbols& symbols = encoded.value();
    const CodingTables& tables = model->prior.y_tables();
    for (size_t i = 0; i < symbols.rows.size(); ++i) {
      const int row = symbols.rows[i], value = symbols.y[i];
      if (row == 0) continue;  // not coded
      rows.push_back(static_cast<uint8_t>(row)), values.push_back(static_cast<int16_t>(value));
      if (std::abs(value) <= tables.bound(row)) ideal_bits += 16 - std::log2(tables.Frequency(row, value));
    }
    model_bits = EstimateBits(*model, q, tile, symbols).value();
    const std::span<const uint8_t> z_rows = model->prior.ZRows(quality);
    for (size_t i = 0; i < symbols.z.size(); ++i) {  // as its tables have it: the estimate is of both
      model_bits -= 16 - std::log2(model->prior.z_tables().Frequency(z_rows[i % z_rows.size()], symbols.z[i]));
    }
  }
  const CodingTables& tables() const { return model->prior.y_tables(); }
  void Report(benchmark::State& state, size_t bytes) const {
    const auto count = static_cast<double>(values.size());
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(values.size()));
    state.counters["bits/symbol"] = ideal_bits / count;
    state.counters["excess"] = 8.0 * static_cast<double>(bytes) / ideal_bits - 1;
    state.counters["over model"] = ideal_bits / model_bits - 1;
  }
};

void BM_EncodeReal(benchmark::State& state) {
  const RealLatents latents(static_cast<int>(state.range(0)));
  size_t bytes = 0;
  for (auto _ : state) bytes = EncodeValues(latents.tables(), latents.values, latents.rows).size();
  latents.Report(state, bytes);
}

void BM_DecodeReal(benchmark::State& state) {
  const RealLatents latents(static_cast<int>(state.range(0)));
  const auto bytes = EncodeValues(latents.tables(), latents.values, latents.rows);
  std::vector<int16_t> decoded(latents.values.size());
  for (auto _ : state) {
    if (!DecodeValues(latents.tables(), bytes, latents.rows, decoded).ok()) state.SkipWithError("does not decode");
  }
  latents.Report(state, bytes.size());
}

// 8: about 0.6 bits per symbol, as at medium quality; 1: all sigmas alike, a worst case.
BENCHMARK(BM_Encode)->Arg(8)->Arg(3)->Arg(1);
BENCHMARK(BM_Decode)->Arg(8)->Arg(3)->Arg(1);
BENCHMARK(BM_EncodeReal)->ArgName("quality")->Arg(16)->Arg(56)->Arg(96);
BENCHMARK(BM_DecodeReal)->ArgName("quality")->Arg(16)->Arg(56)->Arg(96);

}  // namespace
}  // namespace aecomp

BENCHMARK_MAIN();
