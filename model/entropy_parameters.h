// What turns quality into numbers: gains, steps and the fixed scale in which the entropy networks see y.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "model/architecture.h"
#include "model/parameters.h"

namespace aecomp {

/// Names of the parameters that are not layers' (Q = number of lambdas, M latent, N hyper channels), all in natural
/// logs: "log_gain" [Q, M]: y = analysis(x) * gain; "log_step" [Q, M]: what the decoder multiplies y^ with; "log_sigma"
/// [M]: bias of log sigma in the fixed scale; "log_z_gain" [Q, N]; "z_log_scale" [Q, N]: scale of the logistic prior of
/// z; "z_mean" [N]. The numbers of one quality, interpolated linearly in the log domain between its two neighbours.
struct QualityScales {
  std::vector<float> gain, step;   ///< [M]
  std::vector<float> fixed_scale;  ///< [M]: y (after gain) * fixed_scale is y as at the middle quality (index Q/2)
  std::vector<float> log_sigma;    ///< [M]: log_sigma + log gain, added to the sigma head's output
  std::vector<float> z_gain, z_scale, z_mean;  ///< [N]; z = hyper_encoder(..) * z_gain - z_mean, coded as round(z)
};
/// quality in 1/16 steps, may be fractional in training.
QualityScales ScalesAt(const Architecture& architecture, const Parameters& parameters, double quality);

/// exp(x) in plain arithmetic, which IEEE 754 defines to the last bit, where libraries differ.
float ExactExp(float x);

/// The numbers of a factorized prior at one quality. Its parameters: "log_gain", "log_step", "y_log_scale" [Q, M]:
/// scale of the logistic that training takes a channel for; "y_mean" [M]: of the latent before gain.
struct FactorizedScales {
  std::vector<float> gain, step, scale, mean;  ///< [M]; symbol = round((analysis(x) - mean) * gain)
};
FactorizedScales FactorizedScalesAt(const Architecture& architecture, const Parameters& parameters, double quality);

/// What the entropy networks see of y: sign(v) * log(1 + |v|). 8 bits suffice after it. In plain arithmetic instead of
/// std::log1p, so that loops over it become vector code and every machine gets the same bits; error below 2e-7 * (1 +
/// result).
inline float Compand(float v) {
  const float a = 1 + std::fabs(v);
  const uint32_t bits = std::bit_cast<uint32_t>(a);
  // a = (1 + m) * 2^e with 1 + m in [sqrt(1/2), sqrt(2)).
  const int32_t e = static_cast<int32_t>(bits - 0x3F3504F3u) >> 23;
  const float m = std::bit_cast<float>(bits - (static_cast<uint32_t>(e) << 23)) - 1;
  // log(1 + m) = m - m^2/2 + m^3 * p(m): the polynomial of logf in Moshier's Cephes library.
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f, p = p * m + 1.1676998740e-1f, p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f, p = p * m - 1.6668057665e-1f, p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f, p = p * m + 3.3333331174e-1f;
  const float square = m * m;
  const float log = m + (square * (m * p) - 0.5f * square) + 0.693147181f * static_cast<float>(e);
  return std::copysign(log, v);
}

/// The lower bound of sigma everywhere, in units of the quantisation step.
inline constexpr float kSigmaMin = 0.11f;
inline constexpr float kZScaleMin = 0.05f;

}  // namespace aecomp
