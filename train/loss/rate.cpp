#include "train/loss/rate.h"

#include <algorithm>
#include <cmath>

#include "model/entropy/entropy_parameters.h"
#include "train/simd.h"

namespace aecomp {
namespace {

constexpr float kProbabilityMin = 1e-9f;
constexpr float kLog2E = 1.44269504f;
constexpr int64_t kChunk = 1024;  // a sum of so many values stays accurate in f32

/// erfc(x) / exp(-x*x) for x >= 0, relative error below 2e-7: the Chebyshev fit of Press et al., Numerical Recipes,
/// section 6.2.
inline float ScaledErfc(float x) {
  const float t = 1.f / (1.f + 0.5f * x);
  const float series =
      -1.26551223f +
      t * (1.00002368f +
           t * (0.37409196f +
                t * (0.09678418f +
                     t * (-0.18628806f +
                          t * (0.27886807f +
                               t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
  return t * std::exp(series);
}

/// The upper tail Q(a) of the normal distribution, given its density's exponential e = exp(-a*a/2).
inline float UpperTail(float a, float e) {
  const float tail = 0.5f * ScaledErfc(std::fabs(a) * 0.70710678f) * e;
  return a < 0 ? 1.f - tail : tail;
}

AECOMP_MULTIVERSION
double GaussianChunk(const float* r, const float* log_sigma, int64_t size, float* d_r, float* d_log_sigma) {
  constexpr float kDensity = 0.39894228f;
  float total = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t i = 0; i < size; ++i) {
    const float sigma = std::exp(log_sigma[i]);
    const float s = std::max(sigma, kSigmaMin), inverse = 1.f / s;
    const float v = std::fabs(r[i]);
    const float a = (v - 0.5f) * inverse, b = (v + 0.5f) * inverse;
    const float ea = std::exp(-0.5f * a * a), eb = std::exp(-0.5f * b * b);
    const float p = UpperTail(a, ea) - UpperTail(b, eb);
    const float bounded = std::max(p, kProbabilityMin);
    total += -kLog2E * std::log(bounded);
    const float slope = -kLog2E / bounded * kDensity;  // of bits in p, times the density's constant
    const float dv = slope * (eb - ea) * inverse;
    const float ds = -slope * (b * eb - a * ea);  // in log s
    d_r[i] = r[i] < 0 ? -dv : dv;
    d_log_sigma[i] = (sigma >= kSigmaMin || ds < 0) ? ds : 0.f;
  }
  return total;
}

AECOMP_MULTIVERSION
double LogisticChunk(const float* r, const float* log_scale, int64_t size, float* d_r, float* d_log_scale) {
  constexpr float kFar = 60;  // exp(kFar) is finite, and the tail beyond it counts for nothing
  float total = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t i = 0; i < size; ++i) {
    const float scale = std::exp(log_scale[i]);
    const float s = std::max(scale, kZScaleMin), inverse = 1.f / s;
    const float v = std::fabs(r[i]);
    const float a = std::min((v - 0.5f) * inverse, kFar), b = std::min((v + 0.5f) * inverse, kFar);
    const float ta = 1.f / (1.f + std::exp(a)), tb = 1.f / (1.f + std::exp(b));  // tails
    const float p = std::max(ta - tb, kProbabilityMin);
    total += -kLog2E * std::log(p);
    const float slope = -kLog2E / p;
    const float da = ta * (1.f - ta), db = tb * (1.f - tb);  // densities
    const float dv = slope * (db - da) * inverse;
    const float ds = -slope * (b * db - a * da);
    d_r[i] = r[i] < 0 ? -dv : dv;
    d_log_scale[i] = (scale >= kZScaleMin || ds < 0) ? ds : 0.f;
  }
  return total;
}

double Sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

}  // namespace

double GaussianBits(const float* r, const float* log_sigma, int64_t size, float* d_r, float* d_log_sigma) {
  double bits = 0;
  for (int64_t i = 0; i < size; i += kChunk) {
    bits += GaussianChunk(r + i, log_sigma + i, std::min(kChunk, size - i), d_r + i, d_log_sigma + i);
  }
  return bits;
}

double LogisticBits(const float* r, const float* log_scale, int64_t size, float* d_r, float* d_log_scale) {
  double bits = 0;
  for (int64_t i = 0; i < size; i += kChunk) {
    bits += LogisticChunk(r + i, log_scale + i, std::min(kChunk, size - i), d_r + i, d_log_scale + i);
  }
  return bits;
}

double LogisticBits(float r, float log_scale, float* d_r, float* d_log_scale) {
  const double scale = std::exp(double{log_scale}), s = std::max(scale, double{kZScaleMin});
  const double v = std::fabs(r), a = (v - 0.5) / s, b = (v + 0.5) / s;
  // P(X > a) - P(X > b), from the tails: accurate where both are small.
  const double ta = Sigmoid(-a), tb = Sigmoid(-b);
  const double p = std::max(ta - tb, double{kProbabilityMin});
  const double slope = -1 / (std::log(2.0) * p);
  const double da = ta * (1 - ta), db = tb * (1 - tb);  // densities
  const double dv = slope * (db - da) / s;
  const double ds = -slope * (b * db - a * da);
  *d_r = static_cast<float>(r < 0 ? -dv : dv);
  *d_log_scale = static_cast<float>(scale >= kZScaleMin || ds < 0 ? ds : 0);
  return -std::log2(p);
}

}  // namespace aecomp
