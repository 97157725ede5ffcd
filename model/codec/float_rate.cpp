#include "model/codec/float_rate.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "model/entropy/rate_estimate.h"
#include "model/network/graph.h"

namespace aecomp {
namespace {

constexpr float kLogSigmaMax = 6;  // of the sigma head's output in the fixed scale, as in training

/// What a symbol costs, about, that its table does not hold. The float model would ask up to 30 bits for it.
constexpr double kEscapeBits = 18;

Result<std::unique_ptr<Graph>> Compile(const Network& network, const Shape& input, Parameters& parameters) {
  auto graph = Graph::Create(network, input, parameters, Graph::Mode::kInference);
  if (!graph.ok()) return ModelError(graph.status().message());
  return graph;
}

}  // namespace

Result<double> EstimateBits(Model& model, const TileQuality& q, const Tile& tile, const TileSymbols& symbols) {
  const Architecture& a = model.architecture;
  const QualityScales& s = q.scales;
  const int ratio = a.hyper_stride / a.latent_stride;
  AECOMP_ASSIGN_OR_RETURN(
      const auto hyper_decoder,
      Compile(a.hyper_decoder, {1, a.hyper_channels, tile.h / ratio, tile.w / ratio}, model.parameters));
  AECOMP_ASSIGN_OR_RETURN(const auto sigma_head,
                          Compile(a.sigma_head, hyper_decoder->output_shape(), model.parameters));
  double bits = 0;
  AlignedBuffer<float> z(symbols.z.size());  // [h', w', N]
  for (size_t i = 0; i < z.size(); ++i) {
    const size_t c = i % s.z_gain.size();
    z[i] = (symbols.z[i] + s.z_mean[c]) / s.z_gain[c];
    bits += LogisticSymbolBits(symbols.z[i], s.z_scale[c]);
  }
  const float* log_sigma = sigma_head->Forward(hyper_decoder->Forward(z.data()));
  const size_t channels = s.gain.size();
#pragma omp parallel for reduction(+ : bits) schedule(static)
  for (int i = 0; i < tile.coded_h; ++i) {
    const size_t begin = static_cast<size_t>(i) * static_cast<size_t>(tile.w) * channels;
    for (size_t e = begin, end = begin + static_cast<size_t>(tile.coded_w) * channels; e < end; ++e) {
      const size_t c = e % channels;
      if (!q.skipped.empty() && q.skipped[c] != 0) continue;
      const float finer = std::log(q.LatentsAt(symbols.qualities, e / channels).gain[c] / s.gain[c]);
      const float most = kLogSigmaMax + std::log(s.gain[c]);
      const float sigma = std::exp(std::min(log_sigma[e] + s.log_sigma[c], most) + finer);
      bits += std::min(GaussianSymbolBits(symbols.y[e], std::max(sigma, kSigmaMin)), kEscapeBits);
    }
  }
  return bits;
}

}  // namespace aecomp
