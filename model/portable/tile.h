// From the streams of a tile to its latents: model/CODING.md, the sections up to "Coarse channels".
#pragma once

#include "model/portable/coarse.h"
#include "model/portable/container.h"

namespace aecomp_portable {

/// Latents of an image: [rows, columns, channels], rint(y^ * 1024).
struct Latents {
  int rows = 0, columns = 0, channels = 0;
  std::vector<int16_t> values;

  int16_t* At(int row, int column) {
    return values.data() + (static_cast<size_t>(row) * static_cast<size_t>(columns) + static_cast<size_t>(column)) *
                               static_cast<size_t>(channels);
  }
};

/// A place in the latents of the image.
struct TilePlace {
  int row = 0, column = 0;       ///< of its first element
  int coded_h = 0, coded_w = 0;  ///< elements that its pixels need
};

class TileDecoder {
 public:
  TileDecoder(const Model& model, const Container& file);

  Status Decode(const std::vector<Bytes>& streams, const TilePlace& place, Latents* latents);

 private:
  struct Size {
    int h, w;
  };
  size_t At(int i, int j, int channels) const {
    return (static_cast<size_t>(i) * static_cast<size_t>(padded_.w) + static_cast<size_t>(j)) *
           static_cast<size_t>(channels);
  }
  const QualityNumbers& Numbers(int quality);
  const QualityNumbers& NumbersAt(int i, int j) {
    return Numbers(qualities_[static_cast<size_t>(i) * static_cast<size_t>(padded_.w) + static_cast<size_t>(j)]);
  }
  Status ReadZ(Bytes stream);
  void ReadByContext(const int32_t* rows, const int16_t* left, const int16_t* up, StreamDecoder* decoder, int16_t* z);
  void FindFeatures();
  void FindRows();
  int QualityOf(const int64_t* v) const;
  int Row(int64_t v, int quality, int channel) const;
  Status ReadSymbols(const Bytes* streams, size_t parts);
  void FindMeans();
  Status Correct(CoarseDecoder* coarse);
  void Restore(Latents* latents);

  const Model& model_;
  const int quality_;
  const int strength_, reference_;       ///< of the map of qualities; strength 0: there is none
  const bool planes_, z_by_context_;     ///< the tools kPlanes, kZByContext
  const bool gray_;                      ///< a file of one channel, made with a model of three
  std::vector<QualityNumbers> numbers_;  ///< by quality; empty until needed
  TilePlace place_;
  Size z_size_ = {}, padded_ = {};
  std::vector<int16_t> z_;           ///< [z, N]
  std::vector<int64_t> magnitudes_;  ///< [N]: what is expected of z
  std::vector<uint8_t> features_;    ///< [padded, K]
  std::vector<uint8_t> rows_;        ///< [padded, M]
  std::vector<uint8_t> qualities_;   ///< [padded]
  std::vector<int16_t> symbols_;     ///< [padded, M]
  std::vector<float> mu_;            ///< [padded, M]; of the second half with the correction, once that is known
};

}  // namespace aecomp_portable
