// Analysis and synthesis transform of a whole image, whatever the architecture.
#pragma once

#include <cstdint>
#include <memory>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/latents.h"
#include "model/codec/model_file.h"
#include "model/codec/sample_range.h"
#include "model/codec/tiles.h"

namespace aecomp {

/// A part of a LatentPlane, in positions.
struct LatentPart {
  int row = 0, column = 0;  ///< of its first position in the plane
  int rows = 0, columns = 0;
};

/// Not thread-safe, but for one analysis beside one synthesis.
class ImageTransform {
 public:
  virtual ~ImageTransform() = default;

  /// Whether the synthesis reads int16 latents, see LatentPlane.
  virtual bool integer() const = 0;

  /// How many elements of y^ around its own a pixel depends on; huge where it depends on all.
  virtual int decoder_halo() const = 0;

  // These make in advance what the other functions make on first use: for threads that would wait.
  virtual Status PrepareAnalysis(const TileGrid& grid) = 0;
  virtual Status PrepareSynthesis(const LatentPart& part) = 0;

  /// image -> y before gain [grid.coded.rows, grid.coded.columns, M]; row_stride: floats from one row of y to the next.
  /// The image is continued by its border pixels. image: 8 or 16 bits, as many channels as the model has, or 1.
  virtual Status Analyse(const Image& image, const SampleRange& range, const TileGrid& grid, float* y,
                         int64_t row_stride) = 0;

  /// A part of y^ -> image of the size and depth it has, at most as large as the part's pixels. grid: of the whole
  /// image. One channel from a colour model: the mean of the three.
  virtual Status Synthesise(const LatentPlane& y_hat, const LatentPart& part, const TileGrid& grid,
                            const SampleRange& range, Image& image) = 0;
};

/// integer: deep paths run in integers where the model has them. The model must outlive the result.
std::unique_ptr<ImageTransform> MakeImageTransform(Model& model, bool integer);

}  // namespace aecomp
