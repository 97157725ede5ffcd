#include "train/loss/file_rate.h"

#include <algorithm>
#include <cmath>

#include "train/loss/rate.h"

namespace aecomp {

void FileRate::DrawNoise(uint64_t, uint64_t, float* noise, int64_t size) const { std::fill_n(noise, size, 0.f); }

double FileRate::YBits(const LatentExtent& extent, const YResiduals& y, const YDerivatives& d) const {
  double bits = 0;
  int64_t i = 0;
  for (int64_t position = 0; position < extent.positions; ++position) {
    const float* inverse_weight = y.inverse_weights[position];
    for (size_t c = 0; c < extent.channels; ++c, ++i) {
      const float r = y.y[i] - y.mean[i], weight = inverse_weight[c], row = SymbolPrices::Row(y.log_sigma[i]);
      const int coded = SymbolPrices::Nearest(row);
      const int symbol = static_cast<int>(std::lrint(r + y.offset[i]));
      // Where nothing is coded, sigma learns from the symbol that would be coded in row 1.
      const int wanted = coded != 0 ? symbol : rounding().Symbol(r, 1, weight);
      const float coding_row = std::max(row, 1.f);
      const float paid = prices_.Bits(wanted == 0 ? row : coding_row, wanted, &d.bits_by_log_sigma[i]);
      if (coded != 0) bits += paid;
      const int low = rounding().Symbol(r - 0.5f, coded, weight), high = rounding().Symbol(r + 0.5f, coded, weight);
      float unused = 0;
      d.symbol_by_residual[i] = static_cast<float>(high - low);
      d.bits_by_residual[i] =
          high == low ? 0.f : prices_.Bits(coding_row, high, &unused) - prices_.Bits(coding_row, low, &unused);
    }
  }
  return bits;
}

double FileRate::ZBits(const LatentExtent& extent, const ZResiduals& z, float* d_z, double* d_log_scale) const {
  double bits = 0;
  int64_t i = 0;
  for (int64_t position = 0; position < extent.positions; ++position) {
    for (size_t c = 0; c < extent.channels; ++c, ++i) {
      float unused = 0, d_scale = 0;
      const float scale = z.log_scale[c], low = std::floor(z.z[i]);
      bits += LogisticBits(z.z[i] + z.offset[i], scale, &unused, &d_scale);
      d_log_scale[c] += double{d_scale};
      // The difference over one step pulls to 0 what rounds to 0 anyway.
      d_z[i] = static_cast<float>(LogisticBits(low + 1, scale, &unused, &unused) -
                                  LogisticBits(low, scale, &unused, &unused));
    }
  }
  return bits;
}

}  // namespace aecomp
