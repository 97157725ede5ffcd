// The range of the samples of a 16-bit image, which its file says in a chunk "Rang": the lowest and the highest sample,
// between which the network sees the image.
#pragma once

#include <array>

#include "io/container.h"
#include "io/image.h"
#include "io/status.h"
#include "model/codec/sample_range.h"

namespace aecomp {

inline constexpr std::array<char, 4> kRangeType = {'R', 'a', 'n', 'g'};

/// 8 bits are seen as they are; 16 bits between the lowest and the highest sample, since they may hold 12 or 14.
SampleRange RangeOf(const Image& image);

/// For a 16-bit image.
ExtraChunk RangeChunk(const SampleRange& range);

/// kCorrupt where the container is of 16 bits and has no sound range.
Result<SampleRange> ReadRange(const Container& container);

}  // namespace aecomp
