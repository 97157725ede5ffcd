// How residuals of y become symbols in training.
#pragma once

#include <cmath>
#include <optional>

#include "model/entropy/coding_tables.h"
#include "model/entropy/rd_quantiser.h"
#include "train/loss/symbol_prices.h"

namespace aecomp {

class LatentRounding {
 public:
  /// To the nearest integer. For models that have not learned their scales: deadzones would swallow what is to be
  /// learned.
  static LatentRounding Nearest() { return {}; }

  /// As an encoder with these tables (kYRows rows) does, nearer to zero where that saves more bits than it costs: the
  /// decoder learns the deadzones of the encoder.
  static LatentRounding Deadzones(const CodingTables& y_tables) {
    LatentRounding rounding;
    rounding.quantiser_.emplace(y_tables);
    return rounding;
  }

  /// What rounding adds to the residual r, whose Gaussian has this log sigma. inverse_weight: see RdQuantiser.
  float Offset(float r, float log_sigma, float inverse_weight) const {
    if (!quantiser_) return std::nearbyint(r) - r;
    return static_cast<float>(Symbol(r, SymbolPrices::Nearest(SymbolPrices::Row(log_sigma)), inverse_weight)) - r;
  }

  /// The symbol of r in a row of the tables, 0 in row 0, which codes nothing. Only with deadzones.
  int Symbol(float r, int row, float inverse_weight) const {
    if (row <= 0 || !(std::fabs(r) >= 0.5f)) return 0;  // not coded; near 0; a NaN
    return quantiser_->Quantise(r, static_cast<uint8_t>(row), inverse_weight);
  }

 private:
  std::optional<RdQuantiser> quantiser_;
};

}  // namespace aecomp
