#include "model/codec/coarse_coder.h"

namespace aecomp {

CoarseCoder::CoarseCoder(const CoarseModel& coarse, const Tile& tile, const TileQuality& q, TileSymbols& symbols)
    : coarse_(coarse), tile_(tile), latent_channels_(static_cast<int>(q.latents().channels)), planar_(q.planar) {
  planes_.Reset(coarse.channels, tile.coded_h, tile.coded_w);
  if (!symbols.qualities.empty()) ratio_.resize(planes_.value.size());
  for (size_t k = 0; k < planes_.channels(); ++k) {
    const int c = planes_.channel(k);
    const float gain = q.latents().gain[c];
#pragma omp parallel for schedule(static)
    for (int i = 0; i < tile.h; ++i) {
      for (int j = 0; j < tile.w; ++j) {
        uint8_t& row = symbols.rows[InTile(k, i, j)];
        if (i < tile.coded_h && j < tile.coded_w) {
          const size_t at = planes_.At(k, i, j);
          planes_.row[at] = row;
          const size_t position = InTile(k, i, j) / static_cast<size_t>(latent_channels_);
          if (!ratio_.empty()) ratio_[at] = q.LatentsAt(symbols.qualities, position).gain[c] / gain;
        }
        row = 0;
      }
    }
  }
}

Status CoarseCoder::CodeFirstHalf(const LatentScales& q, float* mu, int16_t* y, const Code& code) {
  // A stage is predicted from the means of later stages as well.
  for (size_t k = 0; k < planes_.channels(); ++k) {
    const float gain = q.mean_gain[planes_.channel(k)];
#pragma omp parallel for schedule(static)
    for (int i = 0; i < tile_.coded_h; ++i) {
      for (int j = 0; j < tile_.coded_w; ++j) planes_.mean[planes_.At(k, i, j)] = mu[InTile(k, i, j)] * gain;
    }
  }
  for (int stage = 0; stage < CoarseModel::kStages - 1; ++stage) {
    AECOMP_RETURN_IF_ERROR(CodeStage(stage, q, mu, nullptr, y, code));
  }
  return {};
}

Status CoarseCoder::CodeSecondHalf(const LatentScales& q, float* mu, float* correction, int16_t* y, const Code& code) {
  return CodeStage(CoarseModel::kStages - 1, q, mu, correction, y, code);
}

/// planes_.value and planes_.row become the prediction and its row of y_tables.
void CoarseCoder::Predict(size_t k, int stage, float gain, const float* mu, const float* correction) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < tile_.coded_h; ++i) {
    planes_.ForEachInRow(k, stage, i, [&](int y, int x) {
      const size_t at = planes_.At(k, y, x), e = InTile(k, y, x);
      if (correction != nullptr) planes_.mean[at] = (mu[e] + correction[e]) * gain;
      const CoarsePlanes::Prediction p = planes_.Predict(coarse_, k, stage, y, x, Ratio(at), planar_);
      planes_.value[at] = p.mean;
      if (planes_.row[at] != 0) planes_.row[at] = coarse_.Rows(k, stage, p.activity)[planes_.row[at]];
    });
  }
}

Status CoarseCoder::CodeStage(int stage, const LatentScales& q, float* mu, float* correction, int16_t* y,
                              const Code& code) {
  for (size_t k = 0; k < planes_.channels(); ++k) {
    const int c = planes_.channel(k);
    const float gain = q.mean_gain[c];
    if (gain == 0) continue;  // the channel is not coded
    Predict(k, stage, gain, mu, correction);
    elements_.clear();
    planes_.ForEach(k, stage, [&](int i, int j) {
      const size_t at = planes_.At(k, i, j);
      const size_t position = InTile(k, i, j) / static_cast<size_t>(latent_channels_);
      elements_.push_back({position, planes_.value[at] * Ratio(at), planes_.row[at], 0});
    });
    AECOMP_RETURN_IF_ERROR(code(stage, c, elements_));
    auto element = elements_.begin();
    planes_.ForEach(k, stage, [&](int i, int j) {
      const int16_t symbol = (element++)->symbol;
      const size_t at = planes_.At(k, i, j), e = InTile(k, i, j);
      mu[e] = planes_.value[at] / gain;
      if (correction != nullptr) correction[e] = 0;
      y[e] = symbol;
      planes_.value[at] += static_cast<float>(symbol) / Ratio(at);
    });
  }
  return {};
}

}  // namespace aecomp
