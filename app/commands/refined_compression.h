// What `compress --effort` above the default adds: the symbols of an image are chosen by gradient descent.
#pragma once

#include <cstdint>
#include <vector>

#include "io/image.h"
#include "io/status.h"
#include "model/codec/codec.h"

namespace aecomp {

inline constexpr int kDefaultEffort = 3, kMostEffort = 9;
inline constexpr int kLeastEffortOfFilter = 3;  ///< from here on a filter is fitted to the picture

/// Steps of gradient descent; 0 where the encoder works without.
int RefinementSteps(int effort);

/// How many qualities of a base are tried beneath a residual layer. The first costs next to nothing after `-q`.
inline int BaseTries(int effort) { return effort == 0 ? 0 : effort <= kDefaultEffort ? 1 : 3; }

/// The file of an image at a quality (in 1/16 steps), refined in so many steps for what `tuning` says. kUsage where the
/// codec's model cannot be refined, see LatentRefiner.
Result<std::vector<uint8_t>> CompressRefined(Codec& codec, const Image& image, int quality, Tuning tuning, int steps);

}  // namespace aecomp
