#include "model/codec/tile_kernels.h"

#include "model/base/exact_math.h"
#include "model/base/multiversion.h"
#include "model/entropy/integer_means.h"

namespace aecomp {
namespace {

// Arguments are copied to locals in each function: what is written may then not be taken for one of the pointers.

AECOMP_MULTIVERSION
void CorrectedResidual(const float* y, const float* mu, const float* correction, const uint8_t* rows,
                       const LatentScales q, uint32_t parity, float* residual) {
  const float *gain = q.gain, *mean_gain = q.mean_gain;
  const uint32_t channels = q.channels;
  for (uint32_t c = 0; c < channels; ++c) {
    const float v = y[c] * gain[c] - (mu[c] + correction[c]) * mean_gain[c];
    residual[c] = (c & 1) == parity && rows[c] != 0 ? v : 0.f;
  }
}

AECOMP_MULTIVERSION
void PlainResidual(const float* y, const float* mu, const uint8_t* rows, const LatentScales q, uint32_t parity,
                   float* residual) {
  const float *gain = q.gain, *mean_gain = q.mean_gain;
  const uint32_t channels = q.channels;
  for (uint32_t c = 0; c < channels; ++c) {
    const float v = y[c] * gain[c] - mu[c] * mean_gain[c];
    residual[c] = (c & 1) == parity && rows[c] != 0 ? v : 0.f;
  }
}

}  // namespace

AECOMP_MULTIVERSION
void CompandLatents(const float* y, const LatentScales q, float* companded) {
  const float *gain = q.gain, *fixed_scale = q.fixed_scale;
  const uint32_t channels = q.channels;
  for (uint32_t c = 0; c < channels; ++c) companded[c] = Compand(y[c] * gain[c] * fixed_scale[c]);
}

AECOMP_MULTIVERSION
void CompandLatents(const float* y, const LatentScales q, float steps, uint8_t* companded) {
  const float *gain = q.gain, *fixed_scale = q.fixed_scale;
  const uint32_t channels = q.channels;
  for (uint32_t c = 0; c < channels; ++c) companded[c] = ToSeen(Compand(y[c] * gain[c] * fixed_scale[c]), steps);
}

AECOMP_MULTIVERSION
void SeePosition(const int16_t* symbols, const float* mu, const LatentScales q, float steps, uint32_t parity,
                 uint8_t* seen) {
  const float *gain = q.mean_gain, *fixed_scale = q.fixed_scale;
  const uint32_t channels = q.channels;
  for (uint32_t c = 0; c < channels; ++c) {
    const uint8_t v = ToSeen(Compand((static_cast<float>(symbols[c]) + mu[c] * gain[c]) * fixed_scale[c]), steps);
    seen[c] = (c & 1) == parity ? v : MeanPredictor::kUnseen;
  }
}

void Residual(const float* y, const float* mu, const float* correction, const uint8_t* rows, const LatentScales q,
              uint32_t parity, float* residual) {
  if (correction != nullptr) {
    CorrectedResidual(y, mu, correction, rows, q, parity, residual);
  } else {
    PlainResidual(y, mu, rows, q, parity, residual);
  }
}

AECOMP_MULTIVERSION
void RestoreLatents(const int16_t* symbols, const float* mu, const float* correction, const LatentScales q,
                    uint32_t parity, float* y_hat) {
  const float *gain = q.mean_gain, *step = q.step;
  const uint32_t channels = q.channels;
  for (uint32_t c = 0; c < channels; ++c) {
    const float mean = (c & 1) == parity ? mu[c] : mu[c] + correction[c];
    y_hat[c] = (static_cast<float>(symbols[c]) + mean * gain[c]) * step[c];
  }
}

}  // namespace aecomp
