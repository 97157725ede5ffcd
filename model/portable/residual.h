// The residual layer: model/CODING.md, "The residual layer".
#pragma once

#include "model/portable/synthesis.h"

namespace aecomp_portable {

/// samples: [height, width, channels] of uint8_t or uint16_t, with `gap` samples left free behind each pixel: the base,
/// where the file has one. Becomes what the layer says.
Status DecodeResiduals(const Container& container, int gap, const Progress& progress, void* samples);

}  // namespace aecomp_portable
