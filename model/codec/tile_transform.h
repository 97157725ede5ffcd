// Analysis and synthesis transform by networks of one image size: an image is cut into squares of that size, which run
// as batches and know nothing of each other.
#pragma once

#include <memory>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/codec/sample_range.h"
#include "model/codec/tiles.h"
#include "model/network/graph.h"

namespace aecomp {

class TileTransform {
 public:
  /// model.architecture.tile must not be 0.
  explicit TileTransform(Model& model) : model_(model) {}

  /// image -> y before gain, at the places that `tiles` (MakeTiles for tile_size) name. Squares that reach beyond their
  /// tile are continued by its border pixels. row_stride: floats from one row of y to the next. image: 8 or 16 bits, as
  /// many channels as the model has, or 1.
  Status Analyse(const Image& image, const SampleRange& range, uint32_t tile_size, const std::vector<Tile>& tiles,
                 float* y, int64_t row_stride);

  /// y^ as the decoder reads it -> image of the size and depth it has. One channel from a colour model: the mean of the
  /// three.
  Status Synthesise(const float* y_hat, int64_t row_stride, uint32_t tile_size, const std::vector<Tile>& tiles,
                    const SampleRange& range, Image& image);

 private:
  /// A square of the image.
  struct Square {
    int x = 0, y = 0;           ///< pixels: its upper left corner
    int right = 0, bottom = 0;  ///< pixels: where the tile that it belongs to ends
    int64_t latent = 0;         ///< where its first element lies in y
  };
  std::vector<Square> Squares(const Image& image, uint32_t tile_size, const std::vector<Tile>& tiles,
                              int64_t row_stride) const;
  Status Compile(const Network& network, const Shape& input, const Shape& output, std::unique_ptr<Graph>& graph) const;
  template <class Sample>
  void Fill(const Image& image, const SampleRange& range, const Square& square, float* x) const;
  template <class Sample>
  void Store(const float* x, const Square& square, const SampleRange& range, Image& image) const;

  Model& model_;
  std::unique_ptr<Graph> encoder_, decoder_;  // for a batch
};

}  // namespace aecomp
