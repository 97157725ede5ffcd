// The Bjontegaard delta rate between two rate-distortion curves.
#pragma once

#include <span>

#include "io/status.h"

namespace aecomp {

struct RatePoint {
  double rate = 0;  ///< bits per pixel, or any other unit that both curves share
  double psnr = 0;  ///< dB
};

/// Mean difference in rate of `test` against `anchor` at equal PSNR over [low, high] dB, in percent: -20 means that
/// `test` needs 20 % fewer bits. log(rate) as a function of PSNR is interpolated by monotone cubics (PCHIP: Fritsch and
/// Butland, SIAM J. Sci. Stat. Comput. 5, 1984) and integrated exactly (Bjontegaard, VCEG-M33 and VCEG-AI11). kInput
/// when a curve has fewer than 2 points, is not strictly rising in both rate and PSNR, or does not span the range.
Result<double> BdRate(std::span<const RatePoint> anchor, std::span<const RatePoint> test, double low = 28.5,
                      double high = 37.0);

/// The rate of a curve at one PSNR, by the same interpolation. kInput as above, and where the curve does not reach it.
Result<double> RateAt(std::span<const RatePoint> curve, double psnr);

}  // namespace aecomp
