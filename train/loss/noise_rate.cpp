#include "train/loss/noise_rate.h"

#include <algorithm>

#include "model/base/tensor.h"
#include "train/loss/rate.h"
#include "train/random_bits.h"

namespace aecomp {

void NoiseRate::DrawNoise(uint64_t seed, uint64_t first_index, float* noise, int64_t size) const {
  for (int64_t i = 0; i < size; ++i) noise[i] = UniformNoise(seed, first_index + static_cast<uint64_t>(i));
}

double NoiseRate::YBits(const LatentExtent& extent, const YResiduals& y, const YDerivatives& d) const {
  const int64_t size = extent.positions * static_cast<int64_t>(extent.channels);
  AlignedBuffer<float> noisy(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) noisy[static_cast<size_t>(i)] = y.y[i] - y.mean[i] + y.noise[i];
  std::fill_n(d.symbol_by_residual, size, 1.f);
  return GaussianBits(noisy.data(), y.log_sigma, size, d.bits_by_residual, d.bits_by_log_sigma);
}

double NoiseRate::ZBits(const LatentExtent& extent, const ZResiduals& z, float* d_z, double* d_log_scale) const {
  double bits = 0;
  int64_t i = 0;
  for (int64_t position = 0; position < extent.positions; ++position) {
    for (size_t c = 0; c < extent.channels; ++c, ++i) {
      // Most of z rounds to 0, and noise alone makes symbols just above 1/2 too cheap: half of the price is that of the
      // symbol itself.
      float d_noisy = 0, d_rounded = 0, d_noisy_scale = 0, d_rounded_scale = 0;
      const double rounded = LogisticBits(z.z[i] + z.offset[i], z.log_scale[c], &d_rounded, &d_rounded_scale);
      const double noisy = LogisticBits(z.z[i] + z.noise[i], z.log_scale[c], &d_noisy, &d_noisy_scale);
      bits += 0.5 * (noisy + rounded);
      d_z[i] = 0.5f * (d_noisy + d_rounded);
      d_log_scale[c] += 0.5 * (double{d_noisy_scale} + double{d_rounded_scale});
    }
  }
  return bits;
}

}  // namespace aecomp
