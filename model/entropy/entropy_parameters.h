// The numbers of a quality: gains, steps, and the fixed scale in which the entropy networks see y.
#pragma once

#include <vector>

#include "model/base/parameters.h"
#include "model/network/architecture.h"

namespace aecomp {

/// Names of the parameters that are not layers' (Q = number of lambdas, M latent, N hyper channels), all in natural
/// logs: "log_gain" [Q, M]: y = analysis(x) * gain; "log_step" [Q, M]: the decoder multiplies y^ by it; "log_sigma"
/// [M]: bias of log sigma in the fixed scale; "log_z_gain" [Q, N]; "z_log_scale" [Q, N]: scale of the logistic prior of
/// z; "z_mean" [N]. The numbers of one quality, interpolated linearly in the log domain between its two neighbours.
struct QualityScales {
  std::vector<float> gain, step;  ///< [M]
  std::vector<float>
      fixed_scale;               ///< [M]: y (after gain) * fixed_scale is y as at the middle (Architecture::middle_row)
  std::vector<float> log_sigma;  ///< [M]: log_sigma + log gain, added to the sigma head's output
  std::vector<float> z_gain, z_scale, z_mean;  ///< [N]; z = hyper_encoder(..) * z_gain - z_mean, coded as round(z)
};
/// quality in 1/16 steps, may be fractional in training.
QualityScales ScalesAt(const Architecture& architecture, const Parameters& parameters, double quality);

/// The numbers of a factorized prior at one quality. Its parameters: "log_gain", "log_step", "y_log_scale" [Q, M]:
/// scale of the logistic that training takes a channel for; "y_mean" [M]: of the latent before gain.
struct FactorizedScales {
  std::vector<float> gain, step, scale, mean;  ///< [M]; symbol = round((analysis(x) - mean) * gain)
};
FactorizedScales FactorizedScalesAt(const Architecture& architecture, const Parameters& parameters, double quality);

/// The lower bound of sigma everywhere, in units of the quantisation step.
inline constexpr float kSigmaMin = 0.11f;
inline constexpr float kZScaleMin = 0.05f;

}  // namespace aecomp
