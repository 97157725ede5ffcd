#include "model/entropy/quality_map.h"

#include <algorithm>
#include <array>

namespace aecomp {
namespace {

/// floor(100 * 2^(n / 8)) - 100 for n = 1 .. 80: the activities at which the next level begins.
constexpr std::array<uint32_t, 80> kLevelFrom = {
    9,     18,    29,    41,    54,    68,    83,    100,   118,   137,   159,   182,   208,   236,   266,   300,
    336,   375,   418,   465,   516,   572,   633,   700,   772,   851,   937,   1031,  1133,  1245,  1367,  1500,
    1644,  1802,  1974,  2162,  2367,  2590,  2834,  3100,  3389,  3705,  4049,  4425,  4835,  5281,  5768,  6300,
    6879,  7510,  8199,  8950,  9770,  10663, 11637, 12700, 13858, 15121, 16499, 18001, 19640, 21426, 23375, 25500,
    27816, 30343, 33099, 36103, 39380, 42953, 46850, 51100, 55733, 60787, 66298, 72307, 78861, 86007, 93801, 102300,
};

/// Of the encoder's map. Chosen on validation images, see train/RECIPE.md.
constexpr uint8_t kVisualStrength = 23;
/// Mean row of a channel, in tenths, at a position of usual activity: where luma varies by 0.057 of its range.
constexpr uint32_t kUsualTenths = 57;

}  // namespace

int ActivityLevel(uint32_t activity) {
  return static_cast<int>(std::upper_bound(kLevelFrom.begin(), kLevelFrom.end(), activity) - kLevelFrom.begin());
}

int QualitySteps(const QualityMap& map, uint32_t activity) {
  const int steps = (map.strength * (map.reference - ActivityLevel(activity)) + 16) >> 5;
  return std::clamp(steps, -QualityMap::kMostWorse, QualityMap::kMostBetter);
}

int QualityAt(const QualityMap& map, int quality, uint32_t activity, int max_quality) {
  return std::clamp(quality + QualitySteps(map, activity), 0, max_quality);
}

QualityMap VisualQualityMap(int channels) {
  const uint32_t usual = static_cast<uint32_t>(channels) * kUsualTenths / 10;
  return {kVisualStrength, static_cast<uint8_t>(ActivityLevel(usual))};
}

}  // namespace aecomp
