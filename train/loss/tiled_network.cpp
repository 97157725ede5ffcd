#include "train/loss/tiled_network.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace aecomp {
namespace {

/// Copies between an image [N, H, W, C] and its tiles [N * H/h * W/w, h, w, C], row by row of an image.
template <bool kCut>
void CopyTiles(const Shape& image, int h, int w, const float* from, float* to) {
  const int rows = image.h / h, columns = image.w / w;
  const int64_t line = int64_t{w} * image.c;
#pragma omp parallel for schedule(static)
  for (int64_t t = 0; t < int64_t{image.n} * rows * columns; ++t) {
    const int64_t n = t / (rows * columns), row = t / columns % rows, column = t % columns;
    for (int i = 0; i < h; ++i) {
      const int64_t whole = ((n * image.h + row * h + i) * image.w + column * w) * image.c, cut = (t * h + i) * line;
      std::memcpy(to + (kCut ? cut : whole), from + (kCut ? whole : cut), static_cast<size_t>(line) * sizeof(float));
    }
  }
}

}  // namespace

Result<std::unique_ptr<TiledNetwork>> TiledNetwork::Create(const Network& network, const Shape& input,
                                                           const Shape& tile, Parameters& parameters, Graph::Mode mode,
                                                           const Numerics& numerics) {
  std::unique_ptr<TiledNetwork> made(new TiledNetwork);
  TiledNetwork& t = *made;
  t.input_ = input;
  Shape cut = input;
  if (tile.h != 0) {
    if (input.h % tile.h != 0 || input.w % tile.w != 0) {
      return UsageError("an image of " + input.ToString() + " is no whole number of tiles of " + tile.ToString());
    }
    cut = {input.n * (input.h / tile.h) * (input.w / tile.w), input.c, tile.h, tile.w};
  }
  AECOMP_ASSIGN_OR_RETURN(t.graph_, Graph::Create(network, cut, parameters, mode, numerics));
  const Shape out = t.graph_->output_shape();
  t.tiled_ = cut.n != input.n;
  t.output_ = {input.n, out.c, out.h * (input.h / cut.h), out.w * (input.w / cut.w)};
  if (t.tiled_) {
    t.cut_in_ = AlignedBuffer<float>(static_cast<size_t>(cut.size()));
    t.cut_out_ = AlignedBuffer<float>(static_cast<size_t>(out.size()));
    t.joined_ = AlignedBuffer<float>(static_cast<size_t>(out.size()));
  }
  return made;
}

const float* TiledNetwork::Forward(const float* x) {
  if (!tiled_) return graph_->Forward(x);
  const Shape &in = graph_->input_shape(), &out = graph_->output_shape();
  CopyTiles<true>(input_, in.h, in.w, x, cut_in_.data());
  CopyTiles<false>(output_, out.h, out.w, graph_->Forward(cut_in_.data()), joined_.data());
  return joined_.data();
}

void TiledNetwork::Backward(const float* dy, float* dx) {
  if (!tiled_) return graph_->Backward(dy, dx);
  const Shape &in = graph_->input_shape(), &out = graph_->output_shape();
  CopyTiles<true>(output_, out.h, out.w, dy, cut_out_.data());
  if (dx == nullptr) return graph_->Backward(cut_out_.data(), nullptr);
  if (d_in_.size() == 0) d_in_ = AlignedBuffer<float>(cut_in_.size());
  graph_->Backward(cut_out_.data(), d_in_.data());
  CopyTiles<false>(input_, in.h, in.w, d_in_.data(), dx);
}

int CropUnit(const Architecture& a) { return a.tile != 0 ? a.tile : a.hyper_stride; }

Status CheckPatch(const Architecture& a, int patch) {
  const int unit = CropUnit(a);
  if (patch % unit == 0) return {};
  return UsageError("--patch " + std::to_string(patch) + " must be a multiple of " + std::to_string(unit));
}

void FitToTiles(const Architecture& a, int& batch, int& patch) {
  constexpr double kMostCrops = 8192;
  if (a.tile == 0) return;
  const double pixels = static_cast<double>(batch) * patch * patch;
  patch = a.prior == PriorType::kFactorized ? a.tile : std::max(1, (patch + a.tile / 2) / a.tile) * a.tile;
  batch = static_cast<int>(std::clamp(std::round(pixels / patch / patch), 1.0, kMostCrops));
}

}  // namespace aecomp
