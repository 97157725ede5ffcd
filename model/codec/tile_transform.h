// Analysis and synthesis transform by networks of one image size: an image is cut into squares of that size, which run
// as batches and know nothing of each other.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/image_transform.h"
#include "model/codec/model_file.h"
#include "model/codec/sample_range.h"
#include "model/codec/tiles.h"
#include "model/network/graph.h"

namespace aecomp {

class TileTransform : public ImageTransform {
 public:
  /// model.architecture.tile must not be 0. The model must outlive this.
  explicit TileTransform(Model& model) : model_(model) {}

  bool integer() const override { return false; }
  int decoder_halo() const override { return std::numeric_limits<int>::max(); }
  /// Networks are compiled for batches, which are as large as the image at hand.
  Status PrepareAnalysis(const TileGrid&) override { return {}; }
  Status PrepareSynthesis(const LatentPart&) override { return {}; }

  /// Squares that reach beyond their tile are continued by its border pixels.
  Status Analyse(const Image& image, const SampleRange& range, const TileGrid& grid, float* y,
                 int64_t row_stride) override;
  /// part: all of y_hat.
  Status Synthesise(const LatentPlane& y_hat, const LatentPart& part, const TileGrid& grid, const SampleRange& range,
                    Image& image) override;

 private:
  /// A square of the image.
  struct Square {
    int x = 0, y = 0;           ///< pixels: its upper left corner
    int right = 0, bottom = 0;  ///< pixels: where the tile that it belongs to ends
    int64_t latent = 0;         ///< where its first element lies in y
  };
  std::vector<Square> Squares(const Image& image, const TileGrid& grid, int64_t row_stride) const;
  Status Compile(const Network& network, const Shape& input, const Shape& output, std::unique_ptr<Graph>& graph) const;
  template <class Sample>
  void Fill(const Image& image, const SampleRange& range, const Square& square, float* x) const;
  template <class Sample>
  void Store(const float* x, const Square& square, const SampleRange& range, Image& image) const;

  Model& model_;
  std::unique_ptr<Graph> encoder_, decoder_;  // for a batch
};

}  // namespace aecomp
