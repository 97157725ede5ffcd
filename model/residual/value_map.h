// Maps that make pictures with few values cheaper, and that decoding undoes: a palette in place of three channels, or
// the rank of each value among the values that occur. Lossless only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "io/status.h"
#include "model/residual/samples.h"
#include "model/residual/symbol_coder.h"

namespace aecomp::residual {

inline constexpr size_t kMaxPalette = 256;

struct ValueMap {
  std::vector<std::array<uint16_t, 3>> palette;  ///< of a picture of three channels; empty: no palette
  std::array<std::vector<uint16_t>, 3> values;   ///< of each channel, ascending; empty: every value stands for itself

  bool empty() const { return palette.empty() && values[0].empty() && values[1].empty() && values[2].empty(); }
};

/// The map that suits the samples, perhaps an empty one.
ValueMap ChooseMap(const Samples& samples);

/// The samples that are coded. Every sample must be in the map.
Samples Apply(const ValueMap& map, const Samples& samples);

/// What the map says of the size of the coded samples: channels and maxima.
void SetCodedShape(const ValueMap& map, Samples& samples);

/// Puts the true samples into `whole`, whose size, channels and maxima are set.
void Undo(const ValueMap& map, const Samples& coded, Samples& whole);

void WriteMap(SymbolEncoder& coder, const ValueMap& map, const Samples& shape);
/// shape: channels and maxima of the picture.
Result<ValueMap> ReadMap(SymbolDecoder& coder, const Samples& shape);

}  // namespace aecomp::residual
