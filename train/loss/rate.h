// Bits of latents under the entropy model, with gradients.
#pragma once

#include <cstdint>

namespace aecomp {

/// Bits of `size` residuals r (latent minus mean, plus uniform noise) under a Gaussian integrated over a unit interval:
/// p = Phi((|r|+1/2)/s) - Phi((|r|-1/2)/s), s = max(exp(log_sigma), kSigmaMin), p >= 1e-9 (Balle et al. 2018,
/// arXiv:1802.01436, section 3.1). Writes d bits / d r and d bits / d log_sigma, and returns the sum of the bits. At a
/// bound a gradient passes only if it leads away from the bound.
double GaussianBits(const float* r, const float* log_sigma, int64_t size, float* d_r, float* d_log_sigma);

/// The same for a zero-mean logistic with s = max(exp(log_scale), kZScaleMin), one value.
double LogisticBits(float r, float log_scale, float* d_r, float* d_log_scale);

/// The same for `size` values.
double LogisticBits(const float* r, const float* log_scale, int64_t size, float* d_r, float* d_log_scale);

}  // namespace aecomp
