// What `-q` promises: the PSNR that a file has at least. The residual layer makes up for what the network cannot give.
#pragma once

#include <optional>

namespace aecomp {

inline constexpr double kFloorBegins = 80;   ///< up to this quality a file with loss is what the network gives
inline constexpr double kFloorAtBegin = 36;  ///< dB
inline constexpr double kFloorSlope = 0.5;   ///< dB for each step of the quality: 41 at 90, 46 at 100

/// In dB; none for qualities that promise none. quality: 0 .. 100.
inline std::optional<double> PsnrFloor(double quality) {
  if (quality <= kFloorBegins) return std::nullopt;
  return kFloorAtBegin + kFloorSlope * (quality - kFloorBegins);
}

}  // namespace aecomp
