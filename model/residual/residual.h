// The residual layer: the samples of one tile, exactly or with a bounded error, given the base x^ that the network
// makes of it, or nothing. model/CODING.md ("The residual layer") specifies the stream.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/image.h"
#include "io/status.h"

namespace aecomp::residual {

inline constexpr int kMaxError = 32767;  ///< E at most

/// The stream of a tile. tile: 8 or 16 bits, 1 or 3 channels. base: null, or an image of the same shape. most_error: E,
/// 0 .. kMaxError; no sample of what Decode gives is farther than E from that of the tile.
std::vector<uint8_t> Encode(const Image& tile, const Image* base, int most_error);

/// The inverse; base and most_error must be those of the encoder. tile: of the right shape, its pixels are set.
/// kCorrupt whatever the stream holds, in time and memory that the tile's size bounds.
Status Decode(std::span<const uint8_t> stream, const Image* base, int most_error, Image& tile);

}  // namespace aecomp::residual
