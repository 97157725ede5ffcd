#include "model/codec/tile_coder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <string>

#include "io/first_exception.h"
#include "model/base/onednn.h"
#include "model/codec/tile_kernels.h"
#include "model/entropy/checkerboard.h"
#include "model/entropy/coding_tables.h"

namespace aecomp {
namespace {

/// How dear the bits of coarse elements are to the encoder, by stage: early elements predict all others, so they are
/// rounded to the nearest. Chosen on drawn skies and validation images, see train/EXPERIMENTS.md.
constexpr std::array<float, CoarseModel::kStages> kPriceOfBits = {0, 0, 0, 0, 0, 0, 0.5f, 0.7f, 1.4f};

/// Rounds to the nearest integer within +-kZMax. A NaN becomes the lowest value.
int16_t RoundZ(float v) {
  v = v > -kZMax ? v : -kZMax;
  v = v < kZMax ? v : kZMax;
  return static_cast<int16_t>(static_cast<int32_t>(std::rint(v)));
}

/// Memory of one thread for the channels of one position.
float* ChannelsOfThread(size_t channels) {
  thread_local std::vector<float> values;
  values.resize(channels);
  return values.data();
}

}  // namespace

TileCoder::TileCoder(Model& model, const Tile& tile)
    : model_(model), quantiser_(model.prior.y_tables()), most_h_(tile.h), most_w_(tile.w) {}

Result<std::unique_ptr<TileCoder>> TileCoder::Create(Model& model, const Tile& tile) {
  std::unique_ptr<TileCoder> coder(new TileCoder(model, tile));
  try {
    coder->means_ = std::make_unique<MeanPredictor>(model.means, tile.h, tile.w);
  } catch (const std::exception& e) {  // dnnl::error, std::bad_alloc
    onednn::PassOnOutOfMemory(e);
    return ModelError(std::string("the means of y cannot be set up: ") + e.what());
  }
  coder->SetSize(tile);
  if (!(coder->means_->shape() == coder->y_shape_)) {
    return ModelError("the means that the prior predicts do not have the shape of y, " + coder->y_shape_.ToString());
  }
  return coder;
}

bool TileCoder::Fits(const Tile& tile) const {
  // A narrow tile takes as long as the widest.
  return tile.h <= most_h_ && tile.w <= most_w_ && 2 * tile.w >= most_w_;
}

void TileCoder::SetSize(const Tile& tile) {
  if (tile.h == y_shape_.h && tile.w == y_shape_.w) return;
  const Architecture& a = model_.architecture;
  const int ratio = a.hyper_stride / a.latent_stride;
  y_shape_ = {1, a.latent_channels, tile.h, tile.w};
  z_shape_ = {1, a.hyper_channels, tile.h / ratio, tile.w / ratio};
  means_->SetSize(tile.h, tile.w);
  if (hyper_encoder_) hyper_encoder_->SetSize(tile.h, tile.w);
  float_hyper_encoder_.reset();
}

Status TileCoder::MakeHyperEncoder() {
  if (hyper_encoder_ || float_hyper_encoder_) return {};
  Shape output;
  if (model_.integer != nullptr && !model_.integer->hyper_encoder.steps().empty()) {
    hyper_encoder_ = std::make_unique<IntegerNetworkRunner>(model_.integer->hyper_encoder, most_h_, most_w_);
    hyper_encoder_->SetSize(y_shape_.h, y_shape_.w);
    output = hyper_encoder_->output();
  } else {
    auto made = Graph::Create(model_.architecture.hyper_encoder, y_shape_, model_.parameters, Graph::Mode::kInference);
    if (!made.ok()) return ModelError(made.status().message());
    float_hyper_encoder_ = std::move(made).value();
    output = float_hyper_encoder_->output_shape();
    companded_ = AlignedBuffer<float>(static_cast<size_t>(y_shape_.size()));
  }
  if (output == z_shape_) return {};
  return ModelError("the hyper-encoder's output does not have the shape of z");
}

Status TileCoder::PrepareEncoder(const Tile& tile) {
  SetSize(tile);
  AECOMP_RETURN_IF_ERROR(MakeHyperEncoder());
  return PreparePrior(tile);
}

Status TileCoder::PreparePrior(const Tile& tile) {
  SetSize(tile);
  return model_.prior.Prepare(z_shape_.h, z_shape_.w);
}

TileCoder::Position TileCoder::At(int i, int j) const {
  const size_t index = static_cast<size_t>(i) * static_cast<size_t>(y_shape_.w) + static_cast<size_t>(j);
  return {i, j, index, index * static_cast<size_t>(y_shape_.c), FirstHalfParity(i, j)};
}

/// Rows of positions in parallel.
template <class F>
void TileCoder::ForEachPosition(F f) const {
  const auto row = [&](int i) {
    for (int j = 0; j < y_shape_.w; ++j) f(At(i, j));
  };
  FirstException exception;
#pragma omp parallel for schedule(static)
  for (int i = 0; i < y_shape_.h; ++i) exception.Guard([&] { row(i); });
  exception.Rethrow();
}

/// The hyper-encoder's output, for y times gain, companded.
const float* TileCoder::RunHyperEncoder(const TileQuality& q, const Tile& tile, const LatentView& y) {
  const auto at = [&](int i, int j) { return y.At(tile.row + i, tile.column + j); };
  if (hyper_encoder_) {
    return hyper_encoder_->Run([&](int i, uint8_t* row) {
      for (int j = 0; j < y_shape_.w; ++j, row += y_shape_.c) {
        CompandLatents(at(i, j), q.latents(), 1 / model_.integer->hyper_unit, row);
      }
    });
  }
  ForEachPosition([&](const Position& p) { CompandLatents(at(p.i, p.j), q.latents(), companded_.data() + p.at); });
  return float_hyper_encoder_->Forward(companded_.data());
}

void TileCoder::QuantiseZ(const TileQuality& q, const Tile& tile, const LatentView& y, std::vector<int16_t>& z) {
  const float* const h = RunHyperEncoder(q, tile, y);
  const QualityScales& s = q.scales;
  const size_t channels = s.z_gain.size();
  z.resize(static_cast<size_t>(z_shape_.size()));
  for (size_t at = 0; at < z.size(); at += channels) {
    for (size_t c = 0; c < channels; ++c) z[at + c] = RoundZ(h[at + c] * s.z_gain[c] - s.z_mean[c]);
  }
}

Result<std::vector<int16_t>> TileCoder::HyperLatents(const TileQuality& q, const Tile& tile, const LatentView& y) {
  SetSize(tile);
  AECOMP_RETURN_IF_ERROR(MakeHyperEncoder());
  std::vector<int16_t> z;
  QuantiseZ(q, tile, y, z);
  return z;
}

/// Features and rows from z.
Status TileCoder::PredictRows(const TileQuality& q, TileSymbols& symbols) {
  std::vector<uint8_t>& rows = symbols.rows;
  rows.resize(static_cast<size_t>(y_shape_.size()));
  features_.resize(static_cast<size_t>(int64_t{y_shape_.h} * y_shape_.w * model_.prior.feature_channels()));
  if (!q.map.empty()) symbols.qualities.resize(static_cast<size_t>(y_shape_.h) * static_cast<size_t>(y_shape_.w));
  AECOMP_RETURN_IF_ERROR(model_.prior.Run(q.quality, symbols.z.data(), z_shape_.h, z_shape_.w, features_.data(),
                                          rows.data(), q.map, symbols.qualities.data()));
  if (q.skipped.empty()) return {};
  ForEachPosition([&](const Position& p) {
    for (size_t c = 0; c < q.skipped.size(); ++c) {
      if (q.skipped[c] != 0) rows[p.at + c] = 0;
    }
  });
  return {};
}

/// One pass over both halves, for encoder and decoder: side.Coarse(stage, c, elements) codes elements of coarse
/// channels; side.FirstHalf(position, mu) and then side.SecondHalf(position, mu, correction) are called for every
/// position, from several threads, with numbers [M] of that position. Between the two the context sees symbols.y.
template <class Side>
Result<TileCoder::Means> TileCoder::CodeHalves(const TileQuality& q, CoarseCoder& coarse, TileSymbols& symbols,
                                               Side& side) {
  const CoarseCoder::Code code = [&](int stage, int c, std::span<CoarseCoder::Element> elements) {
    return side.Coarse(stage, c, elements);
  };
  const LatentScales scales = q.latents();
  float* const mu = means_->Predict(features_.data());
  AECOMP_RETURN_IF_ERROR(coarse.CodeFirstHalf(scales, mu, symbols.y.data(), code));
  float* const correction = means_->Correct(features_.data(), [&](int i, uint8_t* seen) {
    for (int j = 0; j < y_shape_.w; ++j, seen += y_shape_.c) {
      const Position p = At(i, j);
      side.FirstHalf(p, mu + p.at);
      SeePosition(symbols.y.data() + p.at, mu + p.at, q.LatentsAt(symbols.qualities, p.index), means_->seen_steps(),
                  p.parity, seen);
    }
  });
  AECOMP_RETURN_IF_ERROR(coarse.CodeSecondHalf(scales, mu, correction, symbols.y.data(), code));
  ForEachPosition([&](const Position& p) { side.SecondHalf(p, mu + p.at, correction + p.at); });
  return Means{mu, correction};
}

/// y^ of a coded position, once all of its symbols are known.
void TileCoder::Restore(const TileQuality& q, const Tile& tile, const TileSymbols& symbols, const Position& p,
                        const float* mu, const float* correction, LatentPlane& y_hat) {
  if (p.i >= tile.coded_h || p.j >= tile.coded_w) return;
  const LatentScales scales = q.LatentsAt(symbols.qualities, p.index);
  float* const restored = ChannelsOfThread(scales.channels);
  RestoreLatents(symbols.y.data() + p.at, mu, correction, scales, p.parity, restored);
  y_hat.Set(tile.row + p.i, tile.column + p.j, restored);
}

/// The encoder's side: rounds y into symbols, which start as 0.
class TileCoder::Rounding {
 public:
  Rounding(const RdQuantiser& quantiser, const TileQuality& q, const Tile& tile, const LatentView& y,
           TileSymbols& symbols, LatentPlane* y_hat)
      : quantiser_(quantiser), q_(q), tile_(tile), y_(y), symbols_(symbols), y_hat_(y_hat) {}

  Status Coarse(int stage, int c, std::span<CoarseCoder::Element> elements) {
    const float price = q_.planar ? kPriceOfBits[static_cast<size_t>(stage)] : 1;
    for (CoarseCoder::Element& e : elements) {
      if (e.row == 0) continue;
      const LatentScales scales = q_.LatentsAt(symbols_.qualities, e.position);
      const auto position = static_cast<int>(e.position);
      const int row = tile_.row + position / tile_.w, column = tile_.column + position % tile_.w;
      const float inverse_weight = scales.inverse_weight[c] * price;
      e.symbol = quantiser_.Quantise(y_.At(row, column)[c] * scales.gain[c] - e.mean, e.row, inverse_weight);
      symbols_.coarse.push_back(e.symbol), symbols_.coarse_rows.push_back(e.row);
    }
    return {};
  }

  void FirstHalf(const Position& p, const float* mu) { Round(p, mu, nullptr, p.parity); }
  void SecondHalf(const Position& p, const float* mu, const float* correction) {
    Round(p, mu, correction, 1 - p.parity);
    if (y_hat_ != nullptr) Restore(q_, tile_, symbols_, p, mu, correction, *y_hat_);
  }

 private:
  void Round(const Position& p, const float* mu, const float* correction, uint32_t parity) {
    if (p.i >= tile_.coded_h || p.j >= tile_.coded_w) return;
    const LatentScales scales = q_.LatentsAt(symbols_.qualities, p.index);
    float* const residual = ChannelsOfThread(scales.channels);
    const uint8_t* rows = symbols_.rows.data() + p.at;
    const int row = tile_.row + p.i, column = tile_.column + p.j;
    int16_t* to = symbols_.y.data() + p.at;
    if (y_.symbols != nullptr) {
      const int16_t* chosen = y_.SymbolsAt(row, column);
      for (size_t c = parity; c < scales.channels; c += 2) {
        if (rows[c] != 0) to[c] = chosen[c];
      }
      return;
    }
    Residual(y_.At(row, column), mu, correction, rows, scales, parity, residual);
    for (size_t c = parity; c < scales.channels; c += 2) {
      if (std::fabs(residual[c]) < 0.5f) continue;  // most are, and become 0
      to[c] = quantiser_.Quantise(residual[c], rows[c], scales.inverse_weight[c]);
    }
  }

  const RdQuantiser& quantiser_;
  const TileQuality& q_;
  const Tile& tile_;
  const LatentView& y_;
  TileSymbols& symbols_;
  LatentPlane* const y_hat_;  ///< may be null
};

Result<TileCoder::Means> TileCoder::Quantise(const TileQuality& q, const Tile& tile, const LatentView& y,
                                             TileSymbols& symbols, LatentPlane* y_hat) {
  SetSize(tile);
  AECOMP_RETURN_IF_ERROR(MakeHyperEncoder());
  QuantiseZ(q, tile, y, symbols.z);
  AECOMP_RETURN_IF_ERROR(PredictRows(q, symbols));
  symbols.y.resize(symbols.rows.size());
  CoarseCoder coarse(model_.prior.coarse(), tile, q, symbols);
  Rounding rounding(quantiser_, q, tile, y, symbols, y_hat);
  return CodeHalves(q, coarse, symbols, rounding);
}

Result<TileSymbols> TileCoder::Encode(const TileQuality& q, const Tile& tile, const LatentView& y, LatentPlane* y_hat) {
  TileSymbols symbols;
  AECOMP_RETURN_IF_ERROR(Quantise(q, tile, y, symbols, y_hat).status());
  return symbols;
}

Status TileCoder::Predict(const TileQuality& q, const Tile& tile, const LatentView& y, const Plane& plane,
                          LatentPrediction& all) {
  TileSymbols symbols;
  AECOMP_ASSIGN_OR_RETURN(const Means means, Quantise(q, tile, y, symbols));
  ForEachPosition([&](const Position& p) {
    const LatentScales scales = q.LatentsAt(symbols.qualities, p.index);
    const size_t to = static_cast<size_t>(tile.row + p.i) * static_cast<size_t>(plane.columns) +
                      static_cast<size_t>(tile.column + p.j);
    all.quality[to] = symbols.qualities.empty() ? static_cast<uint8_t>(q.quality) : symbols.qualities[p.index];
    for (size_t c = 0; c < scales.channels; ++c) {
      const size_t e = p.at + c, at = to * scales.channels + c;
      const float correction = (c & 1) == p.parity ? 0 : means.correction[e];
      all.mean[at] = (means.mu[e] + correction) * scales.mean_gain[c];
      all.symbol[at] = symbols.y[e], all.row[at] = symbols.rows[e];
    }
  });
  return {};
}

Result<CoarsePlanes> TileCoder::PredictChannels(const TileQuality& q, const Tile& tile, const LatentView& y,
                                                const std::vector<int>& channels) {
  TileSymbols symbols;
  AECOMP_ASSIGN_OR_RETURN(const Means means, Quantise(q, tile, y, symbols));
  CoarsePlanes planes;
  planes.Reset(channels, tile.coded_h, tile.coded_w);
  for (size_t k = 0; k < channels.size(); ++k) {
    const float gain = q.latents().mean_gain[channels[k]];
    for (int stage = 0; stage < CoarseModel::kStages; ++stage) {
      const bool corrected = stage == CoarseModel::kStages - 1;
      planes.ForEach(k, stage, [&](int i, int j) {
        const auto e = static_cast<size_t>((int64_t{i} * y_shape_.w + j) * y_shape_.c + channels[k]);
        const size_t at = planes.At(k, i, j);
        planes.mean[at] = (corrected ? means.mu[e] + means.correction[e] : means.mu[e]) * gain;
        planes.row[at] = symbols.rows[e];
      });
    }
  }
  return planes;
}

/// The decoder's side: symbols are there, but for those of coarse channels; y^ is restored at the end.
class TileCoder::Restoring {
 public:
  Restoring(const TileQuality& q, const Tile& tile, const TileSymbols& symbols, SymbolReader& reader,
            LatentPlane& y_hat)
      : q_(q), tile_(tile), symbols_(symbols), reader_(reader), y_hat_(y_hat) {}

  Status Coarse(int, int, std::span<CoarseCoder::Element> elements) {
    rows_.clear();
    for (const CoarseCoder::Element& e : elements) {
      if (e.row != 0) rows_.push_back(e.row);
    }
    values_.resize(rows_.size());
    AECOMP_RETURN_IF_ERROR(reader_.ReadCoarse(rows_, values_));
    auto value = values_.begin();
    for (CoarseCoder::Element& e : elements) {
      if (e.row != 0) e.symbol = *value++;
    }
    return {};
  }

  void FirstHalf(const Position&, const float*) {}
  void SecondHalf(const Position& p, const float* mu, const float* correction) {
    Restore(q_, tile_, symbols_, p, mu, correction, y_hat_);
  }

 private:
  const TileQuality& q_;
  const Tile& tile_;
  const TileSymbols& symbols_;
  SymbolReader& reader_;
  LatentPlane& y_hat_;
  std::vector<uint8_t> rows_;
  std::vector<int16_t> values_;
};

Status TileCoder::Decode(const TileQuality& q, const Tile& tile, SymbolReader& reader, LatentPlane& y_hat) {
  SetSize(tile);
  TileSymbols symbols;
  symbols.z.resize(static_cast<size_t>(z_shape_.size()));
  AECOMP_RETURN_IF_ERROR(reader.ReadZ(tile, symbols.z));
  AECOMP_RETURN_IF_ERROR(PredictRows(q, symbols));
  CoarseCoder coarse(model_.prior.coarse(), tile, q, symbols);
  symbols.y.resize(symbols.rows.size());
  AECOMP_RETURN_IF_ERROR(reader.ReadY(tile, symbols.rows, symbols.y));
  Restoring restoring(q, tile, symbols, reader, y_hat);
  AECOMP_RETURN_IF_ERROR(CodeHalves(q, coarse, symbols, restoring).status());
  return reader.Finish();
}

}  // namespace aecomp
