// From latents to samples: model/CODING.md, "Pixels".
#pragma once

#include <functional>

#include "model/portable/container.h"
#include "model/portable/filter.h"
#include "model/portable/tile.h"

namespace aecomp_portable {

/// What a file says about its samples, beside its header.
struct SampleRules {
  uint16_t low = 0, high = 255;
  struct Outlier {
    uint64_t index;
    uint16_t sample;
  };
  std::vector<Outlier> outliers;

  Filter filter;

  Status Read(const Container& container);
};

/// Called after each row of blocks with the part that is done. Not 0: stop.
using Progress = std::function<int(double part)>;

/// samples: [height, width, channels] of uint8_t or uint16_t, with `gap` samples left free behind each pixel. Latents
/// are used up.
Status Synthesise(const Model& model, const Container& container, const SampleRules& rules, int gap, Latents* latents,
                  const Progress& progress, void* samples);

}  // namespace aecomp_portable
