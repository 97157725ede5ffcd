// A transform in training. Networks of one image size see an image of several tiles as a batch of tiles; all others are
// just a Graph.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "io/status.h"
#include "model/network/architecture.h"
#include "model/network/graph.h"

namespace aecomp {

class TiledNetwork {
 public:
  /// input: [N, H, W, C]; tile: what the network takes of it (n and c do not matter), h and w dividing those of the
  /// input; {} for networks of any size.
  static Result<std::unique_ptr<TiledNetwork>> Create(const Network& network, const Shape& input, const Shape& tile,
                                                      Parameters& parameters, Graph::Mode mode,
                                                      const Numerics& numerics = {});

  const Shape& input_shape() const { return input_; }
  const Shape& output_shape() const { return output_; }
  const Graph& graph() const { return *graph_; }
  /// As those of Graph.
  const float* Forward(const float* x);
  void Backward(const float* dy, float* dx);
  void OnGradient(std::function<void(Parameter&)> done) { graph_->OnGradient(std::move(done)); }

 private:
  TiledNetwork() = default;

  std::unique_ptr<Graph> graph_;
  Shape input_, output_;
  bool tiled_ = false;                     // otherwise the graph has these shapes itself
  AlignedBuffer<float> cut_in_, cut_out_;  // [N * tiles, ...]: input, gradient of the output
  AlignedBuffer<float> d_in_;              // gradient of the input, when asked for
  AlignedBuffer<float> joined_;            // output
};

/// One pixel tile of an architecture, and one of its y; {} when it has none.
inline Shape PixelTile(const Architecture& a) {
  return a.tile != 0 ? Shape{1, a.image_channels, a.tile, a.tile} : Shape();
}
inline Shape LatentTile(const Architecture& a) {
  return a.tile != 0 ? Shape{1, a.latent_channels, a.tile_rows, a.tile_columns} : Shape();
}

/// Crops of one step, for networks of one image size: of about as many pixels as batch crops of patch x patch have.
/// With a factorized prior each is a tile; a hyperprior sees tiles side by side. Others stay as they are.
void FitToTiles(const Architecture& architecture, int& batch, int& patch);

}  // namespace aecomp
