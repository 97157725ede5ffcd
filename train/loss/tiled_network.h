// A transform in training. A network for one image size gets a large crop as a batch of tiles; any other network is
// used as a plain Graph.
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
  /// input: [N, H, W, C]. tile: height and width of the network's input, which divide those of `input`; n and c do not
  /// matter. {} for networks of any size.
  static Result<std::unique_ptr<TiledNetwork>> Create(const Network& network, const Shape& input, const Shape& tile,
                                                      Parameters& parameters, Graph::Mode mode,
                                                      const Numerics& numerics = {});

  const Shape& input_shape() const { return input_; }
  const Shape& output_shape() const { return output_; }
  const Graph& graph() const { return *graph_; }
  /// See the methods of Graph.
  const float* Forward(const float* x);
  void Backward(const float* dy, float* dx);
  void OnGradient(std::function<void(Parameter&)> done) { graph_->OnGradient(std::move(done)); }

 private:
  TiledNetwork() = default;

  std::unique_ptr<Graph> graph_;
  Shape input_, output_;
  bool tiled_ = false;                     // false: the graph has these shapes itself
  AlignedBuffer<float> cut_in_, cut_out_;  // [N * tiles, ...]: input, gradient of the output
  AlignedBuffer<float> d_in_;              // [N * tiles, ...]: gradient of the input; made when it is wanted first
  AlignedBuffer<float> joined_;            // output
};

/// The width and the height of a training crop must be multiples of this number of pixels.
int CropUnit(const Architecture& architecture);

/// kUsage when a crop size is no multiple of it.
Status CheckPatch(const Architecture& architecture, int patch);

/// One pixel tile of an architecture, and one of its y; {} when it has none.
inline Shape PixelTile(const Architecture& a) {
  return a.tile != 0 ? Shape{1, a.image_channels, a.tile, a.tile} : Shape();
}
inline Shape LatentTile(const Architecture& a) {
  return a.tile != 0 ? Shape{1, a.latent_channels, a.tile_rows, a.tile_columns} : Shape();
}

/// Changes the crops of a step to suit a network for one image size; they keep about as many pixels. With a factorized
/// prior a crop becomes one tile. With a hyperprior it becomes whole tiles side by side. Does nothing for networks of
/// any size.
void FitToTiles(const Architecture& architecture, int& batch, int& patch);

}  // namespace aecomp
