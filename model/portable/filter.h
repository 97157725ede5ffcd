// The picture's filter: model/CODING.md, "The picture's filter", and the chunk `Filt` of io/FORMAT.md.
#pragma once

#include "model/portable/container.h"

namespace aecomp_portable {

struct Filter {
  int count = 0;       ///< of filters; 0: the file has none
  uint8_t number[48];  ///< of every class, from 1 on; 0: none
  int16_t weights[16][12];

  Status Read(const Container& container);
};

/// In place. samples: [height, width, channels] of uint8_t or uint16_t, between low and high, with `gap` samples behind
/// each pixel, which stay as they are.
void ApplyFilter(const Filter& filter, const aecp_info& info, int low, int high, int gap, void* samples);

}  // namespace aecomp_portable
