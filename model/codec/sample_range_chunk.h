// The range of the samples of a 16-bit image, which its file says in a chunk "Rang": between which samples the
// network sees the image. ChooseRange (outliers.h) chooses it.
#pragma once

#include <array>

#include "io/container.h"
#include "io/status.h"
#include "model/codec/sample_range.h"

namespace aecomp {

inline constexpr std::array<char, 4> kRangeType = {'R', 'a', 'n', 'g'};

/// For a 16-bit image.
ExtraChunk RangeChunk(const SampleRange& range);

/// kCorrupt where the container is of 16 bits and has no sound range.
Result<SampleRange> ReadRange(const Container& container);

}  // namespace aecomp
