// A quality of its own for every position of y (format version 2). z is decoded first, and from it follows, in
// integers, how much activity each position has. The activity alone decides by how much its quality differs from the
// quality of the file: better where the image is smooth, worse in texture. So the map costs no bits, and is exact.
#pragma once

#include <cstdint>

namespace aecomp {

struct QualityMap {
  uint8_t strength = 0;   ///< of the map, in 1/32 quality steps for each level of activity; 0: no map
  uint8_t reference = 0;  ///< the level of activity whose quality is that of the file

  bool empty() const { return strength == 0; }
  bool operator==(const QualityMap&) const = default;

  // Steps of quality, of which 16 lie between two lambdas, that a position may differ from its file.
  static constexpr int kMostWorse = 16, kMostBetter = 24;
};

/// The level of a position whose rows of y_tables at the middle quality add up to `activity`: how many of the numbers
/// floor(100 * 2^(n / 8)) - 100, n = 1, 2, .. 80, do not exceed it.
int ActivityLevel(uint32_t activity);

/// By how much the quality of a position of this activity differs from the quality of its file.
int QualitySteps(const QualityMap& map, uint32_t activity);

/// The quality of a position of this activity, 0 .. max_quality.
int QualityAt(const QualityMap& map, int quality, uint32_t activity, int max_quality);

/// The map that the encoder uses for pictures that are looked at. channels: Architecture::usual_channels.
QualityMap VisualQualityMap(int channels);

}  // namespace aecomp
