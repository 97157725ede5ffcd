// Distortion between two images of equal size, channels and bits.
#pragma once

#include "io/image.h"

namespace aecomp {

/// 10 log10(peak^2 / mse) in dB, mse over all samples of all channels, peak 255 or 65535. Infinity for equal images.
/// NaN when the images differ in size, channels or bits.
double Psnr(const Image& a, const Image& b);

/// Of any sample, in steps of its depth. The images must be alike in size, channels and bits.
int LargestDifference(const Image& a, const Image& b);

/// Multi-scale structural similarity, 0 .. 1 (Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image
/// quality assessment", Asilomar 2003): 5 scales with the paper's exponents, 11x11 Gaussian window of sigma 1.5, valid
/// positions only, 2x2 means between scales, the mean of the channels' values. Images whose shorter side is below 176
/// pixels have no window at the coarsest scales: these are left out and the exponents of the others rescaled to the
/// same sum; below 11 pixels the window is as small as the image. NaN when the images differ in size, channels or bits.
double MsSsim(const Image& a, const Image& b);

}  // namespace aecomp
