// From y to symbols and back for one tile: hyperprior, mean prediction in two checkerboard halves, rounding. Entropy
// coding itself is outside: this says which symbols with which tables.
//
// Element (c, i, j) of y belongs to the first half when i + j + c is odd. Sigma, and with it every table, follows from
// z alone, so all symbols of a tile can be entropy-coded at once; only the means wait for each other. Coarse channels,
// where the model has them, are another matter: see coarse.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/rans.h"
#include "io/status.h"
#include "model/codec/model_file.h"
#include "model/entropy/coarse.h"
#include "model/entropy/entropy_parameters.h"
#include "model/entropy/integer_means.h"
#include "model/entropy/rd_quantiser.h"
#include "model/network/graph.h"

namespace aecomp {

struct QualityPoint {
  int quality = 0;    ///< in 1/16 steps
  double thrift = 1;  ///< how much less than usual an error counts against bits; encoder only
  QualityScales scales;
  std::span<const uint8_t> skipped;  ///< [M] not 0: the channel is not coded; empty: all are
};
QualityPoint QualityPointAt(const Model& model, int quality, double thrift = 1);

/// A tile inside the latents of a whole image.
template <class T>
struct LatentView {
  T* data = nullptr;       ///< element (0, 0, 0) of the tile
  int64_t row_stride = 0;  ///< elements from one row to the next
};

class TileCoder {
 public:
  /// h, w: the tile's size in elements of y after padding: multiples of hyper_stride / latent_stride.
  static Result<std::unique_ptr<TileCoder>> Create(Model& model, int h, int w);

  /// From now on tiles are of this size. False when another coder should be made for them: for tiles that are larger
  /// than this one was made for, or much narrower.
  bool SetSize(int h, int w);

  /// Makes ready what Encode needs beside the means: to be called where there is time for it.
  Status PrepareEncoder();
  /// The part of it that decoding needs as well.
  Status PreparePrior();

  /// Encoder: y from the analysis transform before gain [h, w, M]; elements outside of coded_h x coded_w have symbol 0.
  /// Afterwards z(), symbols() and rows() are those of the tile.
  Status Encode(const QualityPoint& q, const LatentView<const float>& y, int coded_h, int coded_w);

  /// Decoder, first step: rows() from z(), which the caller has filled.
  Status PredictRows(const QualityPoint& q, int coded_h, int coded_w);
  /// Decoder, second step: y^ * step, what the synthesis transform reads, from z() and symbols(), which the caller has
  /// filled but for the coarse channels, whose symbols are read from `coarse` (null where the model has none). Writes
  /// the coded_h x coded_w elements. T: float, or int16_t for steps of kLatentUnit.
  template <class T>
  Status Reconstruct(const QualityPoint& q, ValueDecoder* coarse, const LatentView<T>& y_hat, int coded_h, int coded_w);

  /// After Encode: symbols of the coarse channels in the order in which they are coded, and their rows of y_tables.
  /// Those of rows() are 0.
  const std::vector<int16_t>& coarse_symbols() const { return coarse_symbols_; }
  const std::vector<uint8_t>& coarse_rows() const { return coarse_rows_; }

  /// After Encode: the means of these channels of y, times gain, and the prior's rows. For fitting coarse channels,
  /// where the model has none yet: call before Encode.
  void Watch(std::vector<int> channels) { watched_ = std::move(channels); }
  const CoarsePlanes& planes() const { return planes_; }

  /// After Encode: bits of the same symbols under the float entropy model with continuous sigma, rare ones as escapes.
  /// The yardstick of the integer one; runs the float hyper-decoder.
  Result<double> EstimateBits(const QualityPoint& q, int coded_h, int coded_w);

  std::vector<int16_t>& z() { return z_; }                    ///< [h', w', N]
  std::vector<int16_t>& symbols() { return symbols_; }        ///< [h, w, M]
  const std::vector<uint8_t>& rows() const { return rows_; }  ///< [h, w, M]: of IntegerPrior::y_tables

 private:
  TileCoder(Model& model, int h, int w);
  Status Compile(const Network& network, const Shape& input, std::unique_ptr<Graph>& graph);
  Status CompileHyperEncoder();
  void QuantiseZ(const QualityPoint& q, const LatentView<const float>& y);
  /// An element of a coarse channel: its place in the tile and in the planes.
  struct CoarseElement {
    size_t e, at;
  };
  void TakeCoarse(int coded_h, int coded_w);
  void SetMeans(const std::vector<float>& gain, const float* mu);
  template <class Code>
  Status CodeCoarse(int first_stage, int last_stage, const std::vector<float>& gain, float* mu, float* correction,
                    Code code);
  template <class F>
  void ForEachRow(F f) const;
  auto Seer(const float* mu, const std::vector<float>& mean_gain, const QualityScales& s);

  Model& model_;
  RdQuantiser quantiser_;
  int most_h_, most_w_;
  Shape y_shape_, z_shape_, features_shape_;
  std::unique_ptr<MeanPredictor> means_;
  // Made by the first Encode: one of the two.
  std::unique_ptr<IntegerNetworkRunner> hyper_encoder_;
  std::unique_ptr<Graph> float_hyper_encoder_;
  std::unique_ptr<Graph> hyper_decoder_, sigma_head_;  // made by the first EstimateBits
  std::vector<int16_t> z_, symbols_;
  std::vector<uint8_t> rows_, features_;  // features: [h, w, K]
  CoarsePlanes planes_;
  std::vector<int> watched_;
  std::vector<int16_t> coarse_symbols_;
  std::vector<uint8_t> coarse_rows_;
  AlignedBuffer<float> companded_;  // [h, w, M]: what the hyper-encoder in f32 reads
};

}  // namespace aecomp
