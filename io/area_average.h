// Makes images smaller by the mean of the area that each pixel of the result covers, exactly and in integers: the
// result is the same on every machine, and the same whether rows come at once or a few at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "io/image.h"

namespace aecomp {

/// Width and height, in pixels.
struct ImageSize {
  int width = 0, height = 0;

  bool operator==(const ImageSize&) const = default;
};

/// The size of an image whose sides are at most max_side, in the proportions of this one, at least 1x1. Images that are
/// small already keep their size.
ImageSize SizeWithin(int64_t width, int64_t height, int64_t max_side);

/// Takes the rows of an image from top to bottom.
class AreaAverage {
 public:
  /// from: of at most 2^30 pixels; to: no side is longer. channels, bits: as in Image. Where there is alpha, colours
  /// count as much as they are opaque.
  AreaAverage(const ImageSize& from, const ImageSize& to, int channels, int bits);

  /// The next rows, as wide as `from`.
  void Add(const Image& rows);

  /// After all rows were added: [to.height, to.width, channels].
  Image Take() { return std::move(result_); }

 private:
  template <class Sample>
  void AddRows(const Image& rows);
  template <class Sample>
  void SumRow(const Sample* row);
  template <class Sample>
  void Finish();

  ImageSize from_, to_;
  size_t channels_;
  bool has_alpha_;
  int64_t row_ = 0;                 ///< the next one that comes
  int made_ = 0;                    ///< rows of the result that are done
  std::vector<uint64_t> row_sums_;  ///< of one row, [to.width, channels]: samples times from.width
  std::vector<uint64_t> sums_;      ///< of a row of the result: samples times from.width times from.height
  Image result_;
};

}  // namespace aecomp
