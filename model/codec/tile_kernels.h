// The arithmetic of the tile coder over all channels of one position, in vector code. Single operations in a fixed
// order, so that every machine gets the same bits.
//
// `parity` is that of the channels that a call is about: FirstHalfParity for the first half. mu, correction:
// [channels], before gain, see MeanPredictor.
#pragma once

#include <cstdint>

#include "model/codec/tile_quality.h"

namespace aecomp {

/// Companded y in the fixed scale, which the hyper-encoder reads: in f32, or as u8 in `steps` a unit (see ToSeen).
void CompandLatents(const float* y, LatentScales q, float* companded);
void CompandLatents(const float* y, LatentScales q, float steps, uint8_t* companded);

/// What the context sees of a position whose first half has been coded; the second half is kUnseen. parity: of the
/// first half.
void SeePosition(const int16_t* symbols, const float* mu, LatentScales q, float steps, uint32_t parity, uint8_t* seen);

/// What is to be quantised: y * gain less its mean, in the channels of `parity` whose row is not 0; else 0. correction:
/// null for the first half.
void Residual(const float* y, const float* mu, const float* correction, const uint8_t* rows, LatentScales q,
              uint32_t parity, float* residual);

/// y^ * step. parity: of the first half, whose means have no correction.
void RestoreLatents(const int16_t* symbols, const float* mu, const float* correction, LatentScales q, uint32_t parity,
                    float* y_hat);

}  // namespace aecomp
