#include "train/export/fit_tables.h"

#include "model/codec/tile_coder.h"
#include "train/export/calibration.h"
#include "train/export/export.h"
#include "train/loss/tiled_network.h"
#include "train/random_bits.h"

namespace aecomp {
namespace {

constexpr int kPatches = 128, kRounds = 2;
constexpr uint64_t kSeed = 0xF17AB1E5;

}  // namespace

Result<std::vector<Tensor>> SampleLatents(Model& model, const Dataset& dataset, int patch, int count, uint64_t seed) {
  const Architecture& a = model.architecture;
  Tensor x(Shape{1, a.image_channels, patch, patch});
  AECOMP_ASSIGN_OR_RETURN(auto encoder, TiledNetwork::Create(a.encoder, x.shape(), PixelTile(a), model.parameters,
                                                             Graph::Mode::kInference));
  std::vector<Tensor> latents;
  for (int i = 0; i < count; ++i) {
    dataset.Sample(MixBits(seed, static_cast<uint64_t>(i)), patch, x.data());
    for (int64_t k = 0; k < x.size(); ++k) x.data()[k] -= 0.5f;
    Tensor& y = latents.emplace_back(encoder->output_shape());
    std::copy_n(encoder->Forward(x.data()), y.size(), y.data());
  }
  return latents;
}

Status FitTables(Model& model, const Dataset& dataset) {
  const Architecture& a = model.architecture;
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Tensor> latents,
                          SampleLatents(model, dataset, CalibrationPatchSize(a), kPatches, kSeed));
  const Shape y = latents.front().shape();
  const int levels = static_cast<int>(a.lambdas.size());
  for (int round = 0; round < kRounds; ++round) {
    const Tile tile{0, 0, y.h, y.w, y.h, y.w};
    AECOMP_ASSIGN_OR_RETURN(const auto coder, TileCoder::Create(model, tile));  // quantises for the present tables
    std::vector<SymbolCounts> counts;
    for (int level = 0; level < levels; ++level) {
      const TileQuality q = TileQualityAt(model, a.max_quality() * level / std::max(levels - 1, 1));
      SymbolCounts& seen = counts.emplace_back(kYRows);
      for (const Tensor& latent : latents) {
        AECOMP_ASSIGN_OR_RETURN(const TileSymbols symbols,
                                coder->Encode(q, tile, {latent.data(), int64_t{y.w} * y.c, y.c}));
        for (size_t e = 0; e < symbols.y.size(); ++e) seen.Add(symbols.rows[e], symbols.y[e]);
      }
    }
    AECOMP_RETURN_IF_ERROR(model.prior.SetYTables(FitYFrequencies(counts)));
  }
  return {};
}

}  // namespace aecomp
